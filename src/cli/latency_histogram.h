// LatencyHistogram: how long many like things took, in memory that does not grow with them.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace millrace::cli {

/// Buckets whose width grows with what they hold: each octave has 128. So a quantile is at most
/// 1/128 above what it stands for, and never below; the largest is exact.
class LatencyHistogram {
 public:
  using Nanos = std::chrono::nanoseconds;

  /// What is negative counts as zero, what is over an hour as in the last bucket.     cost  O(1)
  void add(Nanos took);
  void clear() { *this = LatencyHistogram(); }

  std::int64_t count() const { return count_; }
  Nanos largest() const { return largest_; }
  /// The least that is not below this share of all; zero when there is none.
  /// share  from 0 to 1
  Nanos compute_quantile(double share) const;

 private:
  static constexpr unsigned kSubBits = 7;
  static constexpr std::uint64_t kSubCount = 1U << kSubBits;
  static constexpr unsigned kValueBits = 42;  // of nanoseconds: 73 minutes
  static constexpr std::uint64_t kBuckets = (kValueBits - kSubBits + 1) * kSubCount;

  static std::uint64_t bucket_of(std::uint64_t nanos);
  static std::uint64_t last_of(std::uint64_t bucket);

  std::array<std::int64_t, kBuckets> counts_{};
  std::int64_t count_ = 0;
  Nanos largest_{0};
};

}  // namespace millrace::cli
