// TokenBucket: how much may pass at a rate, and how long whoever took more has to wait. Pure.
#pragma once

#include "base/time.h"

namespace millrace::broker {

/// What a bucket lets through. Kafka counts over a window of 11 samples of a second, 10 of them
/// full: who was silent for that long may send what ten seconds are worth at once.
struct QuotaLimit {
  double per_second = 0;  // above 0
  double burst_seconds = 10;

  double burst() const { return per_second * burst_seconds; }
  bool operator==(const QuotaLimit&) const = default;
};

/// Begins full. Taking is never refused: what is taken beyond it is a debt, which is to be waited
/// for.
class TokenBucket {
 public:
  TokenBucket(const QuotaLimit& limit, MonotonicTime now)
      : limit_(limit), tokens_(limit.burst()), filled_at_(now) {}

  /// Takes `amount`, and says how long nothing more should be taken: until the debt is paid.
  Millis take(double amount, MonotonicTime now);
  /// How long it takes until there is no debt.
  Millis debt(MonotonicTime now);
  /// Another rate from now on. What is there stays, up to the new burst.
  void set_limit(const QuotaLimit& limit, MonotonicTime now);
  const QuotaLimit& limit() const { return limit_; }
  /// Whether it is as if nobody had ever taken anything.
  bool is_full(MonotonicTime now);

 private:
  void fill(MonotonicTime now);

  QuotaLimit limit_;
  double tokens_;
  MonotonicTime filled_at_;
};

}  // namespace millrace::broker
