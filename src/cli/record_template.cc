#include "cli/record_template.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <utility>

#include "base/byte_order.h"
#include "cli/escapes.h"

namespace millrace::cli {
namespace {

constexpr std::string_view kNullText = "NULL";

void append_number(std::int64_t number, std::string& out) {
  const fmt::format_int text(number);
  out.append(text.data(), text.size());
}

std::int64_t length_of(std::optional<std::string_view> bytes) {
  return bytes ? static_cast<std::int64_t>(bytes->size()) : -1;
}

void append_big_endian(std::int32_t number, std::string& out) {
  std::array<char, sizeof(number)> bytes{};
  store_big_endian(bytes.data(), number);
  out.append(bytes.data(), bytes.size());
}

void append_header_list(const HeadersView& headers, std::string& out) {
  bool is_first = true;
  for (HeaderCursor cursor(headers); const auto header = cursor.next();) {
    if (!std::exchange(is_first, false)) out += ',';
    out += header->key;
    out += '=';
    out += header->value.value_or(kNullText);
  }
}

std::optional<RecordToken> token_named(char name) {
  switch (name) {
    case 't':
      return RecordToken::kTopic;
    case 'p':
      return RecordToken::kPartition;
    case 'o':
      return RecordToken::kOffset;
    case 'k':
      return RecordToken::kKey;
    case 'K':
      return RecordToken::kKeyLength;
    case 's':
      return RecordToken::kValue;
    case 'S':
      return RecordToken::kValueLength;
    case 'R':
      return RecordToken::kValueLengthBinary;
    case 'T':
      return RecordToken::kTimestamp;
    case 'h':
      return RecordToken::kHeaders;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::string_view help_on_record_templates() {
  return "Format strings (as those of kcat):\n"
         "  %t topic      %p partition      %o offset      %T timestamp, ms since 1970\n"
         "  %k key        %K its length in bytes, -1 for null\n"
         "  %s value      %S its length     %R its length as 4 bytes, big endian\n"
         "  %h headers, as name=value,...   %% a percent sign\n"
         "  \\n \\r \\t \\0 \\xHH \\\\             bytes; a line end is written only where you ask "
         "for it\n";
}

Result<RecordTemplate> RecordTemplate::parse(std::string_view text, Nulls nulls) {
  RecordTemplate made;
  made.nulls_ = nulls;
  std::string before;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t column = text.size() - rest.size() + 1;
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c == '\\') {
      auto escape = take_escape(rest);
      if (!escape.ok()) {
        return std::move(escape).error().with_context(fmt::format("--format, column {}", column));
      }
      before += *escape;
      continue;
    }
    if (c != '%') {
      before += c;
      continue;
    }
    const std::string_view name = rest.substr(0, 1);
    rest.remove_prefix(name.size());
    if (name == "%") {
      before += '%';
      continue;
    }
    const auto token = name.empty() ? std::nullopt : token_named(name.front());
    if (!token) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("--format, column {}: wanted one of %t %p %o %k %K %s %S %R %T %h "
                               "%%, found %{}",
                               column, name)};
    }
    made.pieces_.push_back({std::exchange(before, {}), *token});
  }
  if (!before.empty()) made.pieces_.push_back({std::move(before), RecordToken::kNone});
  return made;
}

RecordTemplate RecordTemplate::delimited(const std::optional<std::string>& key_separator,
                                         std::string delimiter, Nulls nulls) {
  RecordTemplate made;
  made.nulls_ = nulls;
  if (key_separator) made.pieces_.push_back({{}, RecordToken::kKey});
  made.pieces_.push_back({key_separator.value_or(""), RecordToken::kValue});
  made.pieces_.push_back({std::move(delimiter), RecordToken::kNone});
  return made;
}

void RecordTemplate::append(const TopicPartition& partition, const RecordView& record,
                            std::string& out) const {
  for (const TemplatePiece& piece : pieces_) {
    out += piece.text;
    append_token(piece.token, partition, record, out);
  }
}

void RecordTemplate::append_token(RecordToken token, const TopicPartition& partition,
                                  const RecordView& record, std::string& out) const {
  switch (token) {
    case RecordToken::kNone:
      return;
    case RecordToken::kTopic:
      out += partition.topic;
      return;
    case RecordToken::kPartition:
      return append_number(partition.partition.value(), out);
    case RecordToken::kOffset:
      return append_number(record.offset.value(), out);
    case RecordToken::kKey:
      return append_bytes(record.key, out);
    case RecordToken::kKeyLength:
      return append_number(length_of(record.key), out);
    case RecordToken::kValue:
      return append_bytes(record.value, out);
    case RecordToken::kValueLength:
      return append_number(length_of(record.value), out);
    case RecordToken::kValueLengthBinary:
      return append_big_endian(static_cast<std::int32_t>(length_of(record.value)), out);
    case RecordToken::kTimestamp:
      return append_number(record.timestamp.value(), out);
    case RecordToken::kHeaders:
      return append_header_list(record.headers, out);
  }
}

void RecordTemplate::append_bytes(std::optional<std::string_view> bytes, std::string& out) const {
  if (bytes) {
    out += *bytes;
  } else if (nulls_ == Nulls::kSpelledOut) {
    out += kNullText;
  }
}

}  // namespace millrace::cli
