// RecordTemplate: a format string as kcat has them, read once and filled for each record.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/record.h"
#include "model/topic_partition.h"

namespace millrace::cli {

/// What is written for a null key or value.
enum class Nulls { kNothing, kSpelledOut /* NULL */ };

/// The tokens and escapes there are, for --help.
std::string_view help_on_record_templates();

/// The parts of a record that a token stands for.
enum class RecordToken {
  kNone,
  kTopic,
  kPartition,
  kOffset,
  kKey,
  kKeyLength,
  kValue,
  kValueLength,
  kValueLengthBinary,
  kTimestamp,
  kHeaders
};

/// A token and the text before it; kNone is text alone, at the end.
struct TemplatePiece {
  std::string text;
  RecordToken token = RecordToken::kNone;
};

/// Text with places for parts of a record. Keys, values and headers are their bytes as they are.
///
/// Differs from kcat where that loses something: an empty key or value is never NULL, and a zero
/// byte in a header or in the text does not end it.
/// source  kcat 1.7.1, option -f
class RecordTemplate {
 public:
  /// errors  kInvalidArgument: a token or an escape that there is not, and where it stands
  static Result<RecordTemplate> parse(std::string_view text, Nulls nulls);
  /// The key and `key_separator`, if there is one, then the value and `delimiter`.
  static RecordTemplate delimited(const std::optional<std::string>& key_separator,
                                  std::string delimiter, Nulls nulls);

  const std::vector<TemplatePiece>& pieces() const { return pieces_; }

  /// cost  no memory but that by which `out` grows
  void append(const TopicPartition& partition, const RecordView& record, std::string& out) const;

 private:
  void append_token(RecordToken token, const TopicPartition& partition, const RecordView& record,
                    std::string& out) const;
  void append_bytes(std::optional<std::string_view> bytes, std::string& out) const;

  std::vector<TemplatePiece> pieces_;
  Nulls nulls_ = Nulls::kNothing;
};

}  // namespace millrace::cli
