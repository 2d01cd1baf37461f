#include "apps/access_log/access_line.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>

#include "base/utf8.h"

namespace millrace::access_log {
namespace {

constexpr std::size_t kShownBytesMax = 40;

Error malformed(std::string_view wanted, std::string_view found, std::size_t position) {
  const bool cut = found.size() > kShownBytesMax;
  return Error{ErrorCode::kCorrupt,
               fmt::format("wanted {}, found \"{}{}\" at byte {}", wanted,
                           found.substr(0, kShownBytesMax), cut ? "…" : "", position)};
}

/// Walks over the fields of a line; the first that is wrong ends the walk.
class FieldReader {
 public:
  explicit FieldReader(std::string_view line) : line_(line) {}

  std::size_t position() const { return position_; }
  std::string_view rest() const { return line_.substr(position_); }

  /// Up to the next space, which is skipped; at least one byte.
  Result<std::string_view> word(std::string_view wanted) {
    const std::size_t start = position_;
    const std::size_t end = line_.find(' ', start);
    if (end == start || start >= line_.size()) return malformed(wanted, rest(), start);
    position_ = end == std::string_view::npos ? line_.size() : end + 1;
    return line_.substr(start, end - start);
  }

  /// What lies between `open` and `close`; a backslash hides the byte after it from the search.
  Result<std::string_view> enclosed(char open, char close, std::string_view wanted) {
    const std::size_t start = position_;
    if (start >= line_.size() || line_[start] != open) return malformed(wanted, rest(), start);
    std::size_t end = start + 1;
    while (end < line_.size() && line_[end] != close) end += line_[end] == '\\' ? 2U : 1U;
    if (end >= line_.size()) {
      closed_ = false;
      end = line_.size();
    }
    position_ = end;
    if (closed_) ++position_;
    return line_.substr(start + 1, end - start - 1);
  }
  /// Whether every enclosed() found its closing byte.
  bool closed() const { return closed_; }

  Status space() {
    if (position_ < line_.size() && line_[position_] == ' ') {
      ++position_;
      return {};
    }
    return malformed("a space", rest(), position_);
  }

 private:
  std::string_view line_;
  std::size_t position_ = 0;
  bool closed_ = true;
};

/// All of `text` as a number without sign.
template <class Number>
bool parse_digits(std::string_view text, Number& into) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc{} && end == text.data() + text.size();
}

int month_number(std::string_view name) {
  constexpr std::array<std::string_view, 12> kNames{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<int>(i) + 1;
  }
  return 0;
}

/// A quoted field and the space after it.
Result<std::string_view> quoted_then_space(FieldReader& reader, std::string_view wanted) {
  const std::size_t start = reader.position();
  auto field = reader.enclosed('"', '"', wanted);
  if (!field.ok()) return field;
  if (!reader.closed())
    return malformed(fmt::format("{} with a closing quote", wanted), *field, start);
  if (auto status = reader.space(); !status.ok()) return std::move(status).error();
  return field;
}

Status read_status_and_bytes(FieldReader& reader, AccessLine& into) {
  const std::size_t status_start = reader.position();
  const auto status = reader.word("a status of three digits");
  if (!status.ok()) return status.error();
  if (status->size() != 3 || !parse_digits(*status, into.status) || into.status < 100) {
    return malformed("a status of three digits", *status, status_start);
  }
  const std::size_t bytes_start = reader.position();
  const auto bytes = reader.word("a size in bytes or \"-\"");
  if (!bytes.ok()) return bytes.error();
  if (*bytes != "-" && !parse_digits(*bytes, into.bytes)) {
    return malformed("a size in bytes or \"-\"", *bytes, bytes_start);
  }
  return {};
}

Status read_fields(FieldReader& reader, AccessLine& into) {
  const auto client = reader.word("a client address");
  if (!client.ok()) return client.error();
  into.client = *client;
  if (const auto ident = reader.word("an identity or \"-\""); !ident.ok()) return ident.error();
  const auto user = reader.word("a user or \"-\"");
  if (!user.ok()) return user.error();
  into.user = *user;

  const std::size_t time_start = reader.position();
  const auto time = reader.enclosed('[', ']', "a time in brackets");
  if (!time.ok()) return time.error();
  if (!reader.closed()) return malformed("a time with a closing bracket", *time, time_start);
  const auto parsed = parse_log_time(*time);
  if (!parsed.ok()) return parsed.error();
  if (parsed->value() < 0) return malformed("a time since 1970", *time, time_start);
  into.time = *parsed;
  if (auto status = reader.space(); !status.ok()) return status;

  const auto request = quoted_then_space(reader, "a quoted request");
  if (!request.ok()) return request.error();
  into.request = *request;
  if (auto status = read_status_and_bytes(reader, into); !status.ok()) return status;

  const auto referrer = quoted_then_space(reader, "a quoted referrer");
  if (!referrer.ok()) return referrer.error();
  into.referrer = *referrer;
  const auto agent = reader.enclosed('"', '"', "a quoted user agent");
  if (!agent.ok()) return agent.error();
  into.user_agent = *agent;
  if (!reader.rest().empty())
    return malformed("the end of the line", reader.rest(), reader.position());
  return {};
}

}  // namespace

Result<Timestamp> parse_log_time(std::string_view text) {
  const auto refuse = [&] {
    return Error{ErrorCode::kCorrupt,
                 fmt::format("wanted a time such as 17/May/2015:10:05:03 +0000, found \"{}\"",
                             text.substr(0, kShownBytesMax))};
  };
  constexpr std::string_view kShape = "dd/Mon/yyyy:hh:mm:ss +hhmm";
  if (text.size() != kShape.size() || text[2] != '/' || text[6] != '/' || text[11] != ':' ||
      text[14] != ':' || text[17] != ':' || text[20] != ' ' ||
      (text[21] != '+' && text[21] != '-')) {
    return refuse();
  }
  int day = 0;
  int year = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int zone_hours = 0;
  int zone_minutes = 0;
  const int month = month_number(text.substr(3, 3));
  const bool digits =
      parse_digits(text.substr(0, 2), day) && parse_digits(text.substr(7, 4), year) &&
      parse_digits(text.substr(12, 2), hour) && parse_digits(text.substr(15, 2), minute) &&
      parse_digits(text.substr(18, 2), second) && parse_digits(text.substr(22, 2), zone_hours) &&
      parse_digits(text.substr(24, 2), zone_minutes);
  const auto date = std::chrono::year{year} / month / day;
  // A leap second is written as 60.
  if (!digits || !date.ok() || hour > 23 || minute > 59 || second > 60 || zone_hours > 14 ||
      zone_minutes > 59) {
    return refuse();
  }

  const int zone = (zone_hours * 60 + zone_minutes) * (text[21] == '-' ? -1 : 1);
  const auto time = std::chrono::sys_days{date} + std::chrono::hours{hour} +
                    std::chrono::minutes{minute - zone} + std::chrono::seconds{second};
  return Timestamp{
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count()};
}

Result<AccessLine> parse_access_line(std::string_view line) {
  if (line.size() > kLineBytesMax) {
    return Error{ErrorCode::kTooLarge,
                 fmt::format("wanted a line of at most {} bytes, found more", kLineBytesMax)};
  }
  if (!is_utf8(line)) return Error{ErrorCode::kCorrupt, "wanted UTF-8, found other bytes"};

  AccessLine parsed;
  FieldReader reader(line);
  if (auto status = read_fields(reader, parsed); !status.ok()) return std::move(status).error();
  return parsed;
}

}  // namespace millrace::access_log
