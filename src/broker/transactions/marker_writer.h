// MarkerWriter: what the transaction coordinator needs of the partitions that take part.
#pragma once

#include <functional>
#include <set>

#include "broker/transactions/transaction_effects.h"

namespace millrace::broker {

/// Writes the markers that end a transaction into its partitions.
class MarkerWriter {
 public:
  virtual ~MarkerWriter() = default;

  /// Calls `done` exactly once, from any thread or from inside the call: when every marker is as
  /// durable as the broker's fsync policy asks, but for those of `failed`, which could not be
  /// written and are worth another try. A marker that was refused counts as written only where the
  /// transaction can have nothing open any more.
  /// markers  of one partition at least
  /// thread   any, several at a time
  virtual void write(const TransactionMarkers& markers,
                     std::function<void(std::set<TopicPartition> failed)> done) = 0;
};

}  // namespace millrace::broker
