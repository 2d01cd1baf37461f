// Committer: the one place where results become final. At least once today; a transaction would
// take the place of its steps and of nothing else.
#pragma once

#include "base/result.h"
#include "client/consumer.h"
#include "streams/runtime/producer_collector.h"
#include "streams/runtime/task_set.h"

namespace millrace::streams {

/// thread  its StreamThread's
class Committer {
 public:
  /// Both must outlive it.
  Committer(client::Consumer& consumer, ProducerCollector& collector)
      : consumer_(consumer), collector_(collector) {}

  /// Commits what the tasks have processed: outputs first, then changelogs, then offsets, each
  /// durable before the next, so that a crash in between repeats work and loses none.
  /// errors  a failure to write (fatal); the consumer's commit errors (the group may have moved on:
  ///         see is_rebalance_error)
  /// cost    two flushes and one OffsetCommit; nothing when no task has processed anything
  /// note    runs the consumer's callbacks, which may take tasks out of `tasks` and commit again
  /// returns  what was committed, with the commits of the callbacks left out
  Result<client::OffsetsToCommit> commit(TaskSet& tasks);

 private:
  client::Consumer& consumer_;
  ProducerCollector& collector_;
};

/// Whether a commit failed because partitions are changing hands; the consumer then tells the rest
/// through its rebalance callbacks.
bool is_rebalance_error(const Error& error);

}  // namespace millrace::streams
