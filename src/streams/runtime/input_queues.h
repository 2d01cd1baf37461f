// InputQueues: the records that a task was given and has not finished, and which come next. Pure.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/ids.h"
#include "model/record.h"

namespace millrace::streams {

/// Consecutive records of one of a task's source topics (its own partition of it). Owns what its
/// views point into, so it may wait for as long as it takes.
struct InputBatch {
  std::string_view topic;
  std::span<const RecordView> records;  // none when the partition moved on without any
  Offset next_offset;                   // where the partition goes on after them
  std::shared_ptr<const void> keep_alive = {};
};

/// One queue a source. The record with the smallest timestamp goes first, so that the inputs stay
/// in step as far as they are at hand.
///
/// A source without records may be waited for: as long as one has some and another has none,
/// nothing goes for up to `idle_max`; then what is there goes, until all have records again.
///
/// Invariants: within a source, order is that of the offsets. A record is given out once, and
/// counts as finished with done(); what is not finished is not committable.
class InputQueues {
 public:
  /// idle_max  0: takes what is at hand
  InputQueues(std::size_t source_count, Millis idle_max);

  void push(std::size_t source, InputBatch batch);

  /// Consecutive records of one source, all of which go before those of any other.
  struct Run {
    std::size_t source;
    std::span<const RecordView> records;  // none: the partition only moved on
  };
  /// What to process now; nullopt when nothing is there, or another source is waited for.
  std::optional<Run> next(MonotonicTime now);
  /// All of the run that next() gave last has been processed.
  void done(const Run& run);

  /// Forgets what is not finished.
  void clear();
  bool empty() const;
  /// Records of a source that are not finished.
  std::size_t record_count(std::size_t source) const { return sources_[source].record_count; }
  /// Where the source goes on after what is finished; nullopt while nothing of it is.
  std::optional<Offset> position(std::size_t source) const { return sources_[source].position; }

 private:
  struct Source {
    std::deque<InputBatch> batches;
    std::size_t record_count = 0;
    std::optional<Offset> position;
  };

  bool may_go(MonotonicTime now);

  std::vector<Source> sources_;
  Millis idle_max_;
  std::optional<MonotonicTime> waiting_since_;  // for the sources that have nothing
};

}  // namespace millrace::streams
