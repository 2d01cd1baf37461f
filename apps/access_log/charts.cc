#include "apps/access_log/charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <map>
#include <string_view>
#include <vector>

#include "base/printable.h"

namespace millrace::access_log {
namespace {

constexpr std::size_t kBarWidth = 30;
constexpr std::int32_t kFirstErrorStatus = 400;

double share_of(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

struct Minute {
  Timestamp start;
  std::int64_t requests = 0;
  std::int64_t errors = 0;
};

std::vector<Minute> minutes_of(const Results& results) {
  std::vector<Minute> minutes;
  for (const auto& [key, count] : results.by_minute()) {
    if (minutes.empty() || minutes.back().start != count.window_start) {
      minutes.push_back({.start = count.window_start});
    }
    minutes.back().requests += count.requests;
    if (count.status >= kFirstErrorStatus) minutes.back().errors += count.requests;
  }
  return minutes;
}

std::string minute_name(Timestamp start) {
  const std::chrono::sys_seconds point{std::chrono::seconds{start.value() / 1000}};
  const auto day = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{point - day};
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count());
}

}  // namespace

std::string bar(double share, std::size_t width) {
  constexpr std::array<std::string_view, 8> kEighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const double clamped = std::clamp(share, 0.0, 1.0);
  auto eighths = static_cast<std::size_t>(std::lround(clamped * static_cast<double>(width) * 8));
  if (eighths == 0 && share > 0) eighths = 1;  // little is not nothing
  std::string text;
  for (std::size_t i = 0; i < eighths / 8; ++i) text += "█";
  text += kEighths[eighths % 8];
  return text;
}

std::string with_thousands(std::int64_t number) {
  std::string digits = fmt::to_string(number);
  const std::size_t first = digits.front() == '-' ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string readable_bytes(std::int64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits{"B", "kB", "MB", "GB", "TB"};
  auto amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (amount >= 1000 && unit + 1 < kUnits.size()) {
    amount /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

std::string status_table(const Results& results) {
  const std::int64_t total = results.compute_requests_by_status();
  std::string text = fmt::format("{:>6}  {:>10}  {:>9}\n", "STATUS", "REQUESTS", "BYTES");
  for (const auto& [status, totals] : results.by_status()) {
    const double share = share_of(totals.requests, total);
    text +=
        fmt::format("{:>6}  {:>10}  {:>9}  {} {:.1f} %\n", status, with_thousands(totals.requests),
                    readable_bytes(totals.bytes), bar(share, kBarWidth), share * 100);
  }
  return text;
}

std::string minute_table(const Results& results, std::size_t rows_max) {
  std::vector<Minute> minutes = minutes_of(results);
  std::int64_t most = 0;
  for (const Minute& minute : minutes) most = std::max(most, minute.requests);
  const std::size_t rows = std::min(rows_max, minutes.size());
  std::partial_sort(minutes.begin(), minutes.begin() + static_cast<std::ptrdiff_t>(rows),
                    minutes.end(),
                    [](const Minute& a, const Minute& b) { return a.requests > b.requests; });
  minutes.resize(rows);
  std::sort(minutes.begin(), minutes.end(),
            [](const Minute& a, const Minute& b) { return a.start < b.start; });

  std::string text = fmt::format("{:<16}  {:>8}  {:>6}\n", "MINUTE (UTC)", "REQUESTS", "ERRORS");
  for (const Minute& minute : minutes) {
    text += fmt::format("{:<16}  {:>8}  {:>6}  {}\n", minute_name(minute.start),
                        with_thousands(minute.requests), with_thousands(minute.errors),
                        bar(share_of(minute.requests, most), kBarWidth));
  }
  return text;
}

std::string dead_letter_table(const Results& results) {
  // A reason says what was wanted, then what was found; lines that lack the same thing share a row,
  // with the first of them as the example.
  struct Fault {
    std::int64_t lines = 0;
    std::string_view example;
  };
  std::map<std::string_view, Fault> faults;
  for (const auto& [reason, count] : results.dead_letters()) {
    const std::string_view whole = reason;
    Fault& fault = faults[whole.substr(0, whole.find(", found "))];
    fault.lines += count;
    if (fault.example.empty()) fault.example = whole;
  }

  std::string text = fmt::format("{:>6}  FOR INSTANCE\n", "LINES");
  for (const auto& [wanted, fault] : faults) {
    text += fmt::format("{:>6}  {}\n", with_thousands(fault.lines), printable(fault.example));
  }
  return text;
}

}  // namespace millrace::access_log
