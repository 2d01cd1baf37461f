// AppendQueue: appends on their way to a coordinator's log. One batch is under way at a time; what
// comes meanwhile goes together into the next one, so that many commits share one flush.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "broker/coordination/log_append.h"
#include "model/ids.h"

namespace millrace::broker {

/// The partition that keeps a group or a transactional id: Java's hash of the id, as Kafka's tools
/// compute it.
PartitionId partition_of(std::string_view owner, std::int32_t partition_count);

class AppendQueue {
 public:
  void push(LogAppend append) { waiting_.push_back(std::move(append)); }
  bool empty() const { return waiting_.empty(); }

  struct Batch {
    PartitionId partition;
    std::optional<TransactionalProducer> producer;
    std::vector<AppendId> ids;
    std::vector<LogAppend> appends;

    /// The marker that this is, in place of records. Null for records.
    const LogMarker* marker() const {
      return appends.empty() || !appends.front().marker ? nullptr : &*appends.front().marker;
    }
    /// What the log wants to see of the batch.
    storage::VerificationGuard guard() const {
      return producer ? producer->guard : storage::VerificationGuard::kNone;
    }
    /// All records in one batch.
    Buffer encode() const;
  };
  /// Takes out the oldest append, and those behind it that go to the same partition while they fit
  /// and are of the same producer: a batch has one. A marker goes alone, and nothing overtakes it.
  /// Nothing when the queue is empty.
  std::optional<Batch> take(std::int32_t partition_count);
  /// Takes out everything.
  std::vector<AppendId> take_all();

 private:
  std::deque<LogAppend> waiting_;
};

}  // namespace millrace::broker
