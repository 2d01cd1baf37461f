#include "cli/start_position.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <iterator>
#include <optional>

namespace millrace::cli {
namespace {

// The years 0000 to 9999, beyond which a date would have more than four digits, or a sign.
constexpr Timestamp kFirstIsoTime{-62'167'219'200'000};
constexpr Timestamp kEndOfIsoTimes{253'402'300'800'000};

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t number = 0;
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (text.size() < at + count) return std::nullopt;
  const auto number = parse_number(text.substr(at, count));
  if (!number) return std::nullopt;
  return static_cast<int>(*number);
}

/// The time of day in "T10:05:03", "T10:05:03Z" or "T10:05:03.250Z".
std::optional<std::chrono::milliseconds> parse_time_of_day(std::string_view text) {
  if (text.empty()) return std::chrono::milliseconds{0};
  if (text.back() == 'Z') text.remove_suffix(1);
  if (text.size() != 9 && text.size() != 13) return std::nullopt;
  const auto hour = digits(text, 1, 2);
  const auto minute = digits(text, 4, 2);
  const auto second = digits(text, 7, 2);
  const auto millis = text.size() == 13 ? digits(text, 10, 3) : std::optional<int>{0};
  if (!hour || !minute || !second || !millis || *hour > 23 || *minute > 59 || *second > 59) {
    return std::nullopt;
  }
  const bool separated =
      text[0] == 'T' && text[3] == ':' && text[6] == ':' && (text.size() == 9 || text[9] == '.');
  if (!separated) return std::nullopt;
  return std::chrono::hours{*hour} + std::chrono::minutes{*minute} + std::chrono::seconds{*second} +
         std::chrono::milliseconds{*millis};
}

std::optional<Timestamp> parse_iso_time(std::string_view text) {
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = digits(text, 0, 4);
  const auto month = digits(text, 5, 2);
  const auto day = digits(text, 8, 2);
  const auto time_of_day = parse_time_of_day(text.substr(10));
  if (!year || !month || !day || !time_of_day) return std::nullopt;
  const auto date = std::chrono::year{*year} / *month / *day;
  if (!date.ok()) return std::nullopt;
  const std::chrono::milliseconds time =
      std::chrono::sys_days{date}.time_since_epoch() + *time_of_day;
  return Timestamp{time.count()};
}

}  // namespace

Result<StartPosition> parse_start_position(std::string_view option, std::string_view text) {
  if (text == "earliest") return StartPosition{LogEnd::kEarliest};
  if (text == "latest") return StartPosition{LogEnd::kLatest};
  if (const auto offset = parse_number(text)) return StartPosition{Offset{*offset}};
  if (!text.empty() && text.front() == '@') {
    if (const auto millis = parse_number(text.substr(1))) return StartPosition{Timestamp{*millis}};
  }
  if (const auto time = parse_iso_time(text)) return StartPosition{*time};
  return Error{ErrorCode::kInvalidArgument,
               fmt::format("wanted {} earliest, latest, an offset, a UTC time such as "
                           "2015-05-17T10:05:03Z or @MILLISECONDS, found \"{}\"",
                           option, text)};
}

std::string to_iso_time(Timestamp time) {
  std::string text;
  append_iso_time(time, text);
  return text;
}

void append_iso_time(Timestamp time, std::string& out) {
  const auto append = [&](auto format, const auto&... args) {
    fmt::format_to(std::back_inserter(out), format, args...);
  };
  if (time == kNoTimestamp || time < kFirstIsoTime || time >= kEndOfIsoTimes) {
    return append(FMT_STRING("{}"), time);
  }
  const std::chrono::sys_time<std::chrono::milliseconds> point{
      std::chrono::milliseconds{time.value()}};
  const auto day = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{point - day};
  append(FMT_STRING("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z"), static_cast<int>(date.year()),
         static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
         clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
         clock.subseconds().count());
}

}  // namespace millrace::cli
