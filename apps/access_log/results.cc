#include "apps/access_log/results.h"

#include <fmt/format.h>

namespace millrace::access_log {

std::int64_t Results::compute_dead_letter_count() const {
  std::int64_t sum = 0;
  for (const auto& [reason, count] : dead_letters_) sum += count;
  return sum;
}

std::int64_t Results::compute_requests_by_status() const {
  std::int64_t sum = 0;
  for (const auto& [status, totals] : by_status_) sum += totals.requests;
  return sum;
}

std::int64_t Results::compute_requests_by_minute() const {
  std::int64_t sum = 0;
  for (const auto& [key, count] : by_minute_) sum += count.requests;
  return sum;
}

std::string Results::status_tsv() const {
  std::string text = "status\trequests\tbytes\n";
  for (const auto& [status, totals] : by_status_) {
    text += fmt::format("{}\t{}\t{}\n", status, totals.requests, totals.bytes);
  }
  return text;
}

std::string Results::minute_tsv() const {
  std::string text = "window_start_ms\tstatus\trequests\n";
  for (const auto& [key, count] : by_minute_) {
    text += fmt::format("{}\t{}\t{}\n", count.window_start.value(), count.status, count.requests);
  }
  return text;
}

}  // namespace millrace::access_log
