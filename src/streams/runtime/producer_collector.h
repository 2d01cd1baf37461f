// ProducerCollector: a task's output onto a client::Producer.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "client/producer.h"
#include "model/topic_partition.h"
#include "streams/runtime/record_collector.h"

namespace millrace::streams {

/// How far the partitions that a producer writes to are acknowledged.
/// thread  note() on the producer's I/O thread, end() on any
class AcknowledgedEnds {
 public:
  void note(const client::DeliveryReport& report);
  Offset end(const TopicPartition& partition) const;

 private:
  Guarded<std::map<TopicPartition, Offset>> ends_;
};

/// Shared by the tasks of one thread. The first failure stays; later records are dropped, since the
/// thread stops before it commits.
class ProducerCollector final : public RecordCollector {
 public:
  /// Both must outlive it; `producer` reports its deliveries to `ends`.
  ProducerCollector(client::Producer& producer, const AcknowledgedEnds& ends)
      : producer_(producer), ends_(ends) {}

  OutputTopic topic(std::string_view name) override;
  void send(OutputTopic topic, const OutputRecord& record) override;
  Offset acknowledged_end(OutputTopic topic, PartitionId partition) const override;

  /// Waits until everything sent is acknowledged.
  /// errors  the first failure to send or to be written
  Status flush();
  /// The first failure to send, without waiting.
  const std::optional<Error>& failure() const { return failure_; }

 private:
  struct Target {
    std::string name;
    client::TopicHandle handle;
    std::int32_t partition_count = 0;  // 0: not asked yet
  };

  std::optional<PartitionId> place(Target& target, const OutputRecord& record);

  client::Producer& producer_;
  const AcknowledgedEnds& ends_;
  std::vector<Target> targets_;  // by OutputTopic
  std::map<std::string, OutputTopic, std::less<>> ids_;
  std::optional<Error> failure_;
};

}  // namespace millrace::streams
