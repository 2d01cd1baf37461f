#include "cli/record_template_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace millrace::cli {
namespace {

constexpr std::size_t kFoundMax = 40;  // bytes of a line that an error shows

bool is_length(RecordToken token) {
  return token == RecordToken::kKeyLength || token == RecordToken::kValueLength ||
         token == RecordToken::kValueLengthBinary;
}

Error unreadable(std::string message) {
  return {ErrorCode::kInvalidArgument, std::move(message)};
}

Error at_column(std::string_view line, const char* where, std::string message) {
  return unreadable(std::move(message))
      .with_context(fmt::format("column {}", where - line.data() + 1));
}

Result<std::int64_t> read_integer(std::string_view text, const char* what, std::int64_t min,
                                  std::int64_t max) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc{} && end == text.data() + text.size();
  if (is_number && number >= min && number <= max) return number;
  return unreadable(fmt::format("wanted {} from {} to {}, found \"{}\"", what, min, max,
                                text.substr(0, kFoundMax)));
}

/// That the tokens can be told apart when they are read.
Status check_pieces(const std::vector<TemplatePiece>& pieces) {
  unsigned seen = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const RecordToken token = pieces[i].token;
    if (token == RecordToken::kNone) continue;
    if (is_length(token)) {
      return unreadable(
          "--format: wanted %t %p %o %k %s %T %h for reading, found a length (%K, %S or %R); "
          "--format json carries any bytes");
    }
    const unsigned bit = 1U << static_cast<unsigned>(token);
    if ((seen & bit) != 0) return unreadable("--format: wanted each token once, found one twice");
    seen |= bit;
    const bool is_last = i + 1 == pieces.size() || pieces[i + 1].token == RecordToken::kNone;
    if (!is_last && pieces[i + 1].text.empty()) {
      return unreadable(
          "--format: wanted text between two tokens, to tell them apart by, found "
          "none");
    }
  }
  const auto bit_of = [](RecordToken token) { return 1U << static_cast<unsigned>(token); };
  if ((seen & (bit_of(RecordToken::kKey) | bit_of(RecordToken::kValue))) == 0) {
    return unreadable("--format: wanted %s or %k, found neither");
  }
  return {};
}

}  // namespace

std::string_view help_on_template_lines() {
  return "Format strings: those of consume, which read back what it wrote: '%T %k: %s'\n"
         "  %k %s %T %p %h fill a record; %t %o are passed over; %K %S %R are for writing only\n"
         "  each token but the last ends where the text behind it first comes\n";
}

Result<RecordTemplateReader> RecordTemplateReader::create(const RecordTemplate& format,
                                                          std::string_view delimiter) {
  RecordTemplateReader made;
  made.pieces_ = format.pieces();
  if (made.pieces_.empty() || made.pieces_.back().token != RecordToken::kNone) {
    made.pieces_.emplace_back();
  }
  std::string& end = made.pieces_.back().text;
  if (end.ends_with(delimiter)) end.resize(end.size() - delimiter.size());
  if (auto status = check_pieces(made.pieces_); !status.ok()) return std::move(status).error();
  return made;
}

Result<client::ProducerRecord> RecordTemplateReader::read(std::string_view line) {
  client::ProducerRecord record;
  std::string_view rest = line;
  const std::string& end = pieces_.back().text;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const auto& [text, token] = pieces_[i];
    if (!rest.starts_with(text)) {
      return at_column(line, rest.data(),
                       fmt::format("wanted \"{}\", found \"{}\"", text, rest.substr(0, kFoundMax)));
    }
    rest.remove_prefix(text.size());
    if (token == RecordToken::kNone) break;
    const bool is_last = i + 2 == pieces_.size();
    const std::string& behind = pieces_[i + 1].text;
    std::size_t size = rest.find(behind);
    if (is_last) size = rest.ends_with(end) ? rest.size() - end.size() : std::string_view::npos;
    if (size == std::string_view::npos) {
      return at_column(line, rest.data(),
                       fmt::format("wanted \"{}\" behind this, found \"{}\"", behind,
                                   rest.substr(0, kFoundMax)));
    }
    if (auto status = take(token, rest.substr(0, size), record); !status.ok()) {
      return at_column(line, rest.data(), std::move(status).error().message);
    }
    rest.remove_prefix(size);
  }
  if (!rest.empty()) {
    return at_column(line, rest.data(),
                     fmt::format("wanted the end, found \"{}\"", rest.substr(0, kFoundMax)));
  }
  return record;
}

Status RecordTemplateReader::take(RecordToken token, std::string_view text,
                                  client::ProducerRecord& record) {
  if (token == RecordToken::kKey) record.key = text;
  if (token == RecordToken::kValue) record.value = text;
  if (token == RecordToken::kHeaders) return take_headers(text, record);
  if (token == RecordToken::kPartition) {
    const auto partition = read_integer(text, "a partition", 0, INT32_MAX);
    if (!partition.ok()) return partition.error();
    record.partition = PartitionId{static_cast<std::int32_t>(*partition)};
  }
  if (token == RecordToken::kTimestamp) {
    const auto time = read_integer(text, "a timestamp", -1, INT64_MAX);
    if (!time.ok()) return time.error();
    record.timestamp = Timestamp{*time};
  }
  return {};
}

Status RecordTemplateReader::take_headers(std::string_view text, client::ProducerRecord& record) {
  headers_.clear();
  while (!text.empty()) {
    const std::string_view header = text.substr(0, text.find(','));
    const std::size_t equals = header.find('=');
    if (equals == std::string_view::npos) {
      return unreadable(
          fmt::format("wanted a header as name=value, found \"{}\"", header.substr(0, kFoundMax)));
    }
    HeaderView view{header.substr(0, equals), header.substr(equals + 1)};
    if (view.value == "NULL") view.value.reset();
    headers_.push_back(view);
    text.remove_prefix(std::min(text.size(), header.size() + 1));
  }
  record.headers = headers_;
  return {};
}

}  // namespace millrace::cli
