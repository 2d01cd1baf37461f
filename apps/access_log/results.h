// Results: the counts as they are read back, the last one of each key winning.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "apps/access_log/counts.h"

namespace millrace::access_log {

class Results {
 public:
  using MinuteKey = std::pair<Timestamp, std::int32_t>;  // window start, status

  void set(const StatusTotals& totals) { by_status_[totals.status] = totals; }
  void set(const MinuteCount& count) { by_minute_[{count.window_start, count.status}] = count; }
  void add_dead_letter(std::string reason) { ++dead_letters_[std::move(reason)]; }

  const std::map<std::int32_t, StatusTotals>& by_status() const { return by_status_; }
  const std::map<MinuteKey, MinuteCount>& by_minute() const { return by_minute_; }
  /// How many lines were refused, by reason.
  const std::map<std::string, std::int64_t>& dead_letters() const { return dead_letters_; }

  std::int64_t compute_dead_letter_count() const;
  std::int64_t compute_requests_by_status() const;
  std::int64_t compute_requests_by_minute() const;

  /// Columns status, requests, bytes; by status.
  std::string status_tsv() const;
  /// Columns window_start_ms, status, requests; by time, then status.
  std::string minute_tsv() const;

 private:
  std::map<std::int32_t, StatusTotals> by_status_;
  std::map<MinuteKey, MinuteCount> by_minute_;
  std::map<std::string, std::int64_t> dead_letters_;
};

}  // namespace millrace::access_log
