// Looking into a batch that somebody sent: whether its records are what its header says, without
// making records of them. What a broker asks before it keeps a batch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"
#include "base/time.h"
#include "wire/batch_header.h"
#include "wire/compression.h"

namespace millrace::wire {

enum class KeyRule : std::uint8_t { kOptional, kRequired };

/// What is known of a batch once its records were walked.
struct RecordFacts {
  /// Over the records that have one; kNoTimestamp when none has.
  Timestamp min_timestamp = kNoTimestamp;
  Timestamp max_timestamp = kNoTimestamp;
};

/// What a batch is held against.
struct RecordCheck {
  KeyRule keys = KeyRule::kOptional;
  Buffer* inflated = nullptr;  // where the records of a compressed batch are kept; null: nowhere
};

/// How many bytes may still come out of codecs for the sake of one request.
struct InflationBudget {
  std::size_t left_bytes = kDecompressedBytesMaxDefault;
};

/// Walks the records of one batch as its bytes come, in pieces of any size.
///
/// Invariants
///   What was taken is a run of whole fields; a field that a piece cuts is left to the next one.
///   Nothing is allocated and nothing kept of the bytes.
///   After the first thing that makes no sense nothing more is taken.
class RecordWalk final : public PieceTaker {
 public:
  /// Nothing that take() leaves is longer: a record's fields up to the length of its key.
  static constexpr std::size_t kLeftBytesMax = 32;

  RecordWalk(const BatchHeader& header, KeyRule keys) : header_(header), keys_(keys) {}

  /// Takes the next bytes, beginning with those that were left before; returns how many it took.
  /// errors  kCorrupt: a length that lies, an offset delta that does not count on from 0, a record
  ///         without key where one is wanted, bytes after the last record
  /// cost    about 10 ns a record, however large its value (the rows `wire: check` in bench/README.md)
  Result<std::size_t> take(std::string_view bytes) override;
  /// Says that no more bytes come, and what was found.
  /// errors  as take(); fewer records than the header says
  Result<RecordFacts> finish();
  /// Of records, plain; also those of a field that made no sense.
  std::size_t seen_bytes() const { return taken_bytes_ + left_bytes_; }

 private:
  enum class Step : std::uint8_t { kRecord, kValue, kHeaderCount, kHeaderKey, kHeaderValue };
  struct Piece {
    const char* at;
    const char* end;
  };

  bool walk(Piece& piece);
  bool walk_whole_records(Piece& piece);
  bool begin_record(Piece& piece);
  bool walk_rest(Piece& piece);
  bool whole_record(const char* at, const char* end);
  bool note(std::int64_t timestamp_delta, std::int32_t offset_delta, bool has_key);
  bool skip(std::int32_t length, Step next);
  bool end_record();
  bool fail(std::string_view what);

  const BatchHeader header_;
  const KeyRule keys_;
  Step step_ = Step::kRecord;
  std::int32_t count_ = 0;         // of records that were begun
  std::int64_t record_left_ = 0;   // bytes of the record that were not looked at
  std::int64_t skip_left_ = 0;     // of them, those of a key, a value or a header
  std::int32_t headers_left_ = 0;  // of the record
  std::size_t taken_bytes_ = 0;
  std::size_t left_bytes_ = 0;
  RecordFacts facts_;
  Status status_;
};

/// Whether the records in `batch` are what `header` says, which check_batch has passed. A
/// compressed batch is inflated piece by piece and lies whole in memory only when that is wanted
/// (snappy: block by block).
/// errors  kCorrupt: nonsense, compressed or not; kTooLarge: it inflates past the budget, or past
///         what readers take (kDecompressedBytesMaxDefault)
/// cost    a walk; decompression, which ends at the first nonsense and with the budget
Result<RecordFacts> check_records(std::string_view batch, const BatchHeader& header,
                                  const RecordCheck& wanted, InflationBudget& budget);

}  // namespace millrace::wire
