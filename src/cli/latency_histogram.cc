#include "cli/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace millrace::cli {

void LatencyHistogram::add(Nanos took) {
  took = std::max(took, Nanos{0});
  largest_ = std::max(largest_, took);
  ++count_;
  ++counts_[bucket_of(static_cast<std::uint64_t>(took.count()))];
}

LatencyHistogram::Nanos LatencyHistogram::compute_quantile(double share) const {
  const auto wanted = static_cast<std::int64_t>(std::ceil(share * static_cast<double>(count_)));
  std::int64_t passed = 0;
  for (std::uint64_t bucket = 0; bucket < kBuckets; ++bucket) {
    passed += counts_[bucket];
    if (passed == 0 || passed < wanted) continue;
    const bool is_last_bucket = bucket == kBuckets - 1;
    return is_last_bucket ? largest_
                          : std::min(largest_, Nanos{static_cast<std::int64_t>(last_of(bucket))});
  }
  return largest_;
}

std::uint64_t LatencyHistogram::bucket_of(std::uint64_t nanos) {
  if (nanos < kSubCount) return nanos;
  const auto octave = static_cast<std::uint64_t>(std::bit_width(nanos)) - kSubBits - 1;
  const std::uint64_t bucket = (octave + 1) * kSubCount + ((nanos >> octave) - kSubCount);
  return std::min(bucket, kBuckets - 1);
}

std::uint64_t LatencyHistogram::last_of(std::uint64_t bucket) {
  if (bucket < kSubCount) return bucket;
  const std::uint64_t octave = bucket / kSubCount - 1;
  return ((kSubCount + bucket % kSubCount + 1) << octave) - 1;
}

}  // namespace millrace::cli
