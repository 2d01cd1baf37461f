#include "cli/record_json_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/edit_distance.h"
#include "cli/base64.h"

namespace millrace::cli {
// Not anonymous: JsonRecordReader::Parser, which is not, holds these.
namespace json_records {

namespace json = boost::json;

enum class JsonField {
  kTopic,
  kPartition,
  kOffset,
  kTimestamp,
  kKey,
  kKeyBase64,
  kValue,
  kValueBase64,
  kHeaders,
  kName,
  kNameBase64
};

constexpr std::array<std::pair<std::string_view, JsonField>, 9> kFieldsOfRecords{{
    {"topic", JsonField::kTopic},
    {"partition", JsonField::kPartition},
    {"offset", JsonField::kOffset},
    {"timestamp", JsonField::kTimestamp},
    {"key", JsonField::kKey},
    {"key_base64", JsonField::kKeyBase64},
    {"value", JsonField::kValue},
    {"value_base64", JsonField::kValueBase64},
    {"headers", JsonField::kHeaders},
}};
constexpr std::array<std::pair<std::string_view, JsonField>, 4> kFieldsOfHeaders{{
    {"name", JsonField::kName},
    {"name_base64", JsonField::kNameBase64},
    {"value", JsonField::kValue},
    {"value_base64", JsonField::kValueBase64},
}};

bool is_base64(JsonField field) {
  return field == JsonField::kKeyBase64 || field == JsonField::kValueBase64 ||
         field == JsonField::kNameBase64;
}

/// Which fields exclude each other: those with the same bit.
unsigned slot_of(JsonField field) {
  if (field == JsonField::kKeyBase64) field = JsonField::kKey;
  if (field == JsonField::kValueBase64) field = JsonField::kValue;
  if (field == JsonField::kNameBase64) field = JsonField::kName;
  return 1U << static_cast<unsigned>(field);
}

/// Bytes in RecordEvents::text_, which moves while it grows.
struct TextRange {
  std::size_t begin = 0;
  std::size_t size = 0;
};
struct HeaderRange {
  TextRange name;
  std::optional<TextRange> value;
};

/// Takes what the parser finds, and makes a record of it. A function that returns false has set
/// `failure_`, and ends the parsing where it stands.
class RecordEvents {
 public:
  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;
  using Code = json::error_code;
  using Text = json::string_view;

  void clear() {
    text_.clear();
    headers_.clear();
    views_.clear();
    failure_.clear();
    name_.clear();
    string_begin_.reset();
    place_ = Place::kOutside;
    field_.reset();
    seen_ = 0;
    seen_of_record_ = 0;
    key_.reset();
    value_.reset();
    partition_.reset();
    timestamp_ = kNoTimestamp;
  }
  const std::string& failure() const { return failure_; }

  client::ProducerRecord record() {
    for (const HeaderRange& header : headers_) {
      views_.push_back({view_of(header.name), view_of(header.value)});
    }
    client::ProducerRecord made{.topic = {}, .headers = views_, .timestamp = timestamp_};
    made.partition = partition_;
    made.key = view_of(key_);
    made.value = view_of(value_);
    return made;
  }

  bool on_document_begin(Code& /*code*/) { return true; }
  bool on_document_end(Code& /*code*/) { return true; }
  bool on_comment_part(Text /*text*/, Code& /*code*/) { return true; }
  bool on_comment(Text /*text*/, Code& /*code*/) { return true; }

  bool on_object_begin(Code& code) {
    if (place_ == Place::kOutside) {
      place_ = Place::kRecord;
      return true;
    }
    if (place_ != Place::kHeaders) return unexpected("an object", code);
    place_ = Place::kHeader;
    seen_of_record_ = std::exchange(seen_, 0);
    headers_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t /*count*/, Code& code) {
    if (place_ == Place::kHeader) {
      if ((seen_ & slot_of(JsonField::kName)) == 0) return missing("name", "a header", code);
      if ((seen_ & slot_of(JsonField::kValue)) == 0) return missing("value", "a header", code);
      place_ = Place::kHeaders;
      seen_ = seen_of_record_;
      return true;
    }
    place_ = Place::kOutside;
    if ((seen_ & slot_of(JsonField::kValue)) != 0) return true;
    return missing("value", "a record (null for a tombstone)", code);
  }
  bool on_array_begin(Code& code) {
    if (place_ != Place::kRecord || field_ != JsonField::kHeaders) {
      return unexpected("an array", code);
    }
    place_ = Place::kHeaders;
    return true;
  }
  bool on_array_end(std::size_t /*count*/, Code& /*code*/) {
    place_ = Place::kRecord;
    return true;
  }

  bool on_key_part(Text part, std::size_t /*size*/, Code& /*code*/) {
    name_.append(part.data(), part.size());
    return true;
  }
  bool on_key(Text last, std::size_t /*size*/, Code& code) {
    name_.append(last.data(), last.size());
    field_ =
        place_ == Place::kHeader ? field_named(kFieldsOfHeaders) : field_named(kFieldsOfRecords);
    if (!field_) return unknown_field(code);
    if ((seen_ & slot_of(*field_)) != 0) {
      return fail(fmt::format("wanted one of a field, found \"{}\" as well", name_), code);
    }
    seen_ |= slot_of(*field_);
    name_.clear();
    return true;
  }

  bool on_string_part(Text part, std::size_t /*size*/, Code& /*code*/) {
    if (!string_begin_) string_begin_ = text_.size();
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_string(Text last, std::size_t /*size*/, Code& code) {
    const std::size_t begin = string_begin_.value_or(text_.size());
    string_begin_.reset();
    text_.append(last.data(), last.size());
    if (!takes_text()) return unexpected("a string", code);
    if (is_base64(*field_)) {
      const auto size = decode_base64_in_place(std::span(text_).subspan(begin));
      if (!size) return fail("wanted base64 with its padding, found something else", code);
      text_.resize(begin + *size);
    }
    set_text(TextRange{begin, text_.size() - begin});
    return true;
  }
  bool on_null(Code& code) {
    const bool is_name = field_ == JsonField::kName || field_ == JsonField::kNameBase64;
    if (!takes_text() || is_name) return unexpected("null", code);
    set_text(std::nullopt);
    return true;
  }
  bool on_bool(bool /*value*/, Code& code) { return unexpected("true or false", code); }

  bool on_number_part(Text /*text*/, Code& /*code*/) { return true; }
  bool on_double(double /*value*/, Text /*text*/, Code& code) {
    return unexpected("a number with a fraction", code);
  }
  bool on_uint64(std::uint64_t /*value*/, Text /*text*/, Code& code) {
    return unexpected("a number of more than 63 bits", code);
  }
  bool on_int64(std::int64_t value, Text /*text*/, Code& code) {
    if (place_ != Place::kRecord) return unexpected("a number", code);
    switch (*field_) {
      case JsonField::kOffset:
        return true;
      case JsonField::kPartition:
        if (value < 0 || value > INT32_MAX) {
          return fail(fmt::format("wanted a partition from 0 to {}, found {}", INT32_MAX, value),
                      code);
        }
        partition_ = PartitionId{static_cast<std::int32_t>(value)};
        return true;
      case JsonField::kTimestamp:
        if (value < -1) {
          return fail(
              fmt::format("wanted a timestamp of 0 or more, or -1 for none, found {}", value),
              code);
        }
        timestamp_ = Timestamp{value};
        return true;
      default:
        return unexpected("a number", code);
    }
  }

 private:
  enum class Place { kOutside, kRecord, kHeaders, kHeader };

  std::string_view view_of(TextRange range) const {
    return std::string_view(text_).substr(range.begin, range.size);
  }
  std::optional<std::string_view> view_of(std::optional<TextRange> range) const {
    if (!range) return std::nullopt;
    return view_of(*range);
  }

  template <std::size_t kCount>
  std::optional<JsonField> field_named(
      const std::array<std::pair<std::string_view, JsonField>, kCount>& fields) const {
    const auto* const found = std::find_if(fields.begin(), fields.end(),
                                           [&](const auto& each) { return each.first == name_; });
    if (found == fields.end()) return std::nullopt;
    return found->second;
  }

  /// Whether a string, or null, makes sense here.
  bool takes_text() const {
    if (place_ == Place::kHeader) return true;
    if (place_ != Place::kRecord) return false;
    return *field_ != JsonField::kPartition && *field_ != JsonField::kOffset &&
           *field_ != JsonField::kTimestamp && *field_ != JsonField::kHeaders;
  }

  void set_text(std::optional<TextRange> range) {
    const bool is_value = *field_ == JsonField::kValue || *field_ == JsonField::kValueBase64;
    if (place_ == Place::kHeader) {
      if (is_value) {
        headers_.back().value = range;
      } else {
        headers_.back().name = range.value_or(TextRange{});
      }
      return;
    }
    if (is_value) value_ = range;
    if (*field_ == JsonField::kKey || *field_ == JsonField::kKeyBase64) key_ = range;
  }

  bool fail(std::string failure, Code& code) {
    failure_ = std::move(failure);
    code = make_error_code(json::error::syntax);
    return false;
  }
  bool missing(std::string_view field, std::string_view of, Code& code) {
    return fail(fmt::format("wanted \"{}\" in {}, found none", field, of), code);
  }
  bool unexpected(std::string_view found, Code& code) {
    return fail(fmt::format("wanted {}, found {}", wanted(), found), code);
  }
  std::string wanted() const {
    if (place_ == Place::kOutside) return "an object with the fields of a record";
    if (place_ == Place::kHeaders) return "an object with \"name\" and \"value\" in \"headers\"";
    if (field_ == JsonField::kHeaders) return "an array for \"headers\"";
    if (!takes_text()) return "a whole number";
    return "a string or null (other JSON goes into a string)";
  }

  bool unknown_field(Code& code) {
    std::vector<std::string_view> names;
    if (place_ == Place::kHeader) {
      for (const auto& [name, field] : kFieldsOfHeaders) names.push_back(name);
    } else {
      for (const auto& [name, field] : kFieldsOfRecords) names.push_back(name);
    }
    const auto meant = probably_meant(name_, names);
    return fail(meant ? fmt::format("no field \"{}\": did you mean \"{}\"?", name_, *meant)
                      : fmt::format("no field \"{}\"; there are {}", name_, fmt::join(names, ", ")),
                code);
  }

  std::string text_;  // keys, values, names, one behind the other
  std::vector<HeaderRange> headers_;
  std::vector<HeaderView> views_;
  std::string failure_;
  std::string name_;  // of the field that is being read
  std::optional<std::size_t> string_begin_;
  Place place_ = Place::kOutside;
  std::optional<JsonField> field_;
  unsigned seen_ = 0;  // slot_of() the fields so far, of the record or of the header
  unsigned seen_of_record_ = 0;
  std::optional<TextRange> key_;
  std::optional<TextRange> value_;
  std::optional<PartitionId> partition_;
  Timestamp timestamp_ = kNoTimestamp;
};

}  // namespace json_records

class JsonRecordReader::Parser {
 public:
  Parser() : parser_(boost::json::parse_options{}) {}

  Result<client::ProducerRecord> read(std::string_view line) {
    parser_.reset();
    json_records::RecordEvents& events = parser_.handler();
    events.clear();
    boost::json::error_code code;
    const std::size_t read = parser_.write_some(false, line.data(), line.size(), code);
    const bool is_whole = line.find_first_not_of(" \t\r\n", read) == std::string_view::npos;
    if (!code && is_whole) return events.record();
    std::string failure = events.failure();
    if (failure.empty()) {
      failure =
          fmt::format("wanted a JSON object, found {}", code ? code.message() : "more behind it");
    }
    return Error{ErrorCode::kInvalidArgument, std::move(failure)}.with_context(
        fmt::format("column {}", read + 1));
  }

 private:
  boost::json::basic_parser<json_records::RecordEvents> parser_;
};

JsonRecordReader::JsonRecordReader() : parser_(std::make_unique<Parser>()) {}
JsonRecordReader::~JsonRecordReader() = default;
JsonRecordReader::JsonRecordReader(JsonRecordReader&&) noexcept = default;
JsonRecordReader& JsonRecordReader::operator=(JsonRecordReader&&) noexcept = default;

Result<client::ProducerRecord> JsonRecordReader::read(std::string_view line) {
  return parser_->read(line);
}

std::string_view help_on_json_records() {
  return "JSON lines: one object a line, as consume --format json writes them\n"
         "  value       text, or null for a tombstone; has to be there\n"
         "  key         text or null; null when it is not there\n"
         "  headers     [{\"name\": text, \"value\": text or null}, ...]\n"
         "  timestamp   ms since 1970; now when it is not there\n"
         "  partition   by the key when it is not there and --partition is not given\n"
         "  value_base64, key_base64, name_base64 instead of value, key, name: any bytes\n"
         "  topic, offset are passed over\n";
}

}  // namespace millrace::cli
