// PublishedOffsets: how far a log reaches, for those who read it: each offset a value of its own.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "model/ids.h"

namespace millrace::storage {

/// thread     what sets: the log's writer. What gets: any, without a lock.
/// invariant  start() <= end(), high_watermark() <= end(), last_stable() <= high_watermark()
/// invariant  a reader that sees an end sees what was published before it: the transaction that was
///            opened below it too
class PublishedOffsets {
 public:
  /// first_unstable  kNoOffset when no transaction is open
  PublishedOffsets(Offset start, Offset end, Offset first_unstable)
      : start_(start.value()),
        end_(end.value()),
        high_watermark_(end.value()),
        first_unstable_(first_unstable.value()) {}

  Offset start() const { return Offset{start_.load()}; }
  /// Where the next record goes.
  Offset end() const { return Offset{end_.load()}; }
  /// Everything before it is on every replica that counts; there is one, so it is the end.
  Offset high_watermark() const { return Offset{high_watermark_.load()}; }
  /// The first record of the oldest open transaction; kNoOffset without one.
  Offset first_unstable() const { return Offset{first_unstable_.load()}; }
  /// Everything before it is below the high watermark and in no open transaction: what readers of
  /// committed records may see.
  Offset last_stable() const {
    // In this order: a transaction that ended in between was open at the high watermark read here,
    // and its records below that are decided by now.
    const Offset high = high_watermark();
    const Offset unstable = first_unstable();
    // Records may have been deleted that a transaction began with.
    return unstable == kNoOffset ? high : std::min(high, std::max(unstable, start()));
  }

  /// A batch was appended: the log ends at `end`, and `first_unstable` is what it leaves open.
  void append(Offset end, Offset first_unstable) {
    // A transaction that begins is published before its records, one that ends after its marker:
    // the last stable offset is never too high.
    if (first_unstable_.load() == kNoOffset.value()) first_unstable_ = first_unstable.value();
    end_ = end.value();
    high_watermark_ = end.value();
    first_unstable_ = first_unstable.value();
  }
  /// The log begins at `start`, unless it begins later already.
  void move_start(Offset start) {
    if (start_.load() < start.value()) start_ = start.value();
  }

 private:
  std::atomic<std::int64_t> start_;
  std::atomic<std::int64_t> end_;
  std::atomic<std::int64_t> high_watermark_;
  std::atomic<std::int64_t> first_unstable_;
};

}  // namespace millrace::storage
