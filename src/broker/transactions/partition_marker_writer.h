// PartitionMarkerWriter: writes the markers of transactions into this broker's partitions.
#pragma once

#include <functional>
#include <set>

#include "base/time.h"
#include "broker/transactions/marker_writer.h"

namespace millrace::broker {

class GroupService;
class TopicCatalogue;

class PartitionMarkerWriter final : public MarkerWriter {
 public:
  /// All outlive this.
  /// groups  writes the markers in `__consumer_offsets`, in order with what is committed there
  PartitionMarkerWriter(TopicCatalogue& topics, const Clock& clock, GroupService& groups)
      : topics_(topics), clock_(clock), groups_(groups) {}

  /// Two refusals count as written, since no record of the transaction can be open there: that of a
  /// partition which is gone, and that of one which has seen a newer epoch of the producer. A newer
  /// epoch comes with a marker, which ended what was open, or with a batch, which is taken only
  /// after one.
  void write(const TransactionMarkers& markers,
             std::function<void(std::set<TopicPartition> failed)> done) override;

 private:
  TopicCatalogue& topics_;
  const Clock& clock_;
  GroupService& groups_;
};

}  // namespace millrace::broker
