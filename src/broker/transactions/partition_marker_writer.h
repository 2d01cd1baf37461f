// PartitionMarkerWriter: writes the markers of transactions into this broker's partitions.
#pragma once

#include <functional>
#include <set>

#include "base/time.h"
#include "broker/transactions/transaction_service.h"

namespace millrace::broker {

class GroupService;
class TopicCatalogue;

class PartitionMarkerWriter final : public MarkerWriter {
 public:
  /// All outlive this.
  /// groups  writes the markers in `__consumer_offsets`, in order with what is committed there
  PartitionMarkerWriter(TopicCatalogue& topics, const Clock& clock, GroupService& groups)
      : topics_(topics), clock_(clock), groups_(groups) {}

  /// A partition that is gone needs no marker, nor does one that has seen a newer epoch: no record
  /// of this transaction can be open there.
  void write(const TransactionMarkers& markers,
             std::function<void(std::set<TopicPartition> failed)> done) override;

 private:
  TopicCatalogue& topics_;
  const Clock& clock_;
  GroupService& groups_;
};

}  // namespace millrace::broker
