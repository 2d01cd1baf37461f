// ProducerCollector: a task's output onto a client::Producer.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/producer.h"
#include "streams/runtime/record_collector.h"

namespace millrace::streams {

/// Shared by the tasks of one thread. The first failure stays; later records are dropped, since the
/// thread stops before it commits.
class ProducerCollector final : public RecordCollector {
 public:
  /// `producer` must outlive it.
  explicit ProducerCollector(client::Producer& producer) : producer_(producer) {}

  OutputTopic topic(std::string_view name) override;
  void send(OutputTopic topic, const OutputRecord& record) override;

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
  std::vector<Target> targets_;  // by OutputTopic
  std::map<std::string, OutputTopic, std::less<>> ids_;
  std::optional<Error> failure_;
};

}  // namespace millrace::streams
