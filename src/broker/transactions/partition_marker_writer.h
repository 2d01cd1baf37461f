// PartitionMarkerWriter: writes the markers of transactions into this broker's partitions.
#pragma once

#include <functional>
#include <set>

#include "base/time.h"
#include "broker/transactions/transaction_service.h"

namespace millrace::broker {

class TopicCatalogue;

class PartitionMarkerWriter final : public MarkerWriter {
 public:
  /// All outlive this.
  PartitionMarkerWriter(TopicCatalogue& topics, const Clock& clock)
      : topics_(topics), clock_(clock) {}

  /// A partition that is gone needs no marker, nor does one that has seen a newer epoch: no record
  /// of this transaction can be open there.
  void write(const TransactionMarkers& markers,
             std::function<void(std::set<TopicPartition> failed)> done) override;

 private:
  TopicCatalogue& topics_;
  const Clock& clock_;
};

}  // namespace millrace::broker
