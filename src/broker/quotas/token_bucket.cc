#include "broker/quotas/token_bucket.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace millrace::broker {

void TokenBucket::fill(MonotonicTime now) {
  if (now <= filled_at_) return;
  const double seconds = std::chrono::duration<double>(now - filled_at_).count();
  tokens_ = std::min(tokens_ + seconds * limit_.per_second, limit_.burst());
  filled_at_ = now;
}

Millis TokenBucket::take(double amount, MonotonicTime now) {
  fill(now);
  tokens_ -= amount;
  return debt(now);
}

Millis TokenBucket::debt(MonotonicTime now) {
  fill(now);
  if (tokens_ >= 0) return Millis{0};
  // A rate of almost nothing must not become a time that no integer holds.
  constexpr double kLongestMs = 86'400'000;
  const double wait_ms = std::ceil(-tokens_ / limit_.per_second * 1000);
  return Millis{static_cast<std::int64_t>(std::min(wait_ms, kLongestMs))};
}

void TokenBucket::set_limit(const QuotaLimit& limit, MonotonicTime now) {
  fill(now);
  limit_ = limit;
  tokens_ = std::min(tokens_, limit_.burst());
}

bool TokenBucket::is_full(MonotonicTime now) {
  fill(now);
  return tokens_ >= limit_.burst();
}

}  // namespace millrace::broker
