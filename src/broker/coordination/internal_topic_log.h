// InternalTopicLog: the partitions of an internal topic as its coordinator sees them.
#pragma once

#include <memory>
#include <string_view>

#include "broker/coordination/coordinator_log.h"

namespace millrace::io {
class Env;
}

namespace millrace::broker {

class Partition;
class TopicCatalogue;
struct BrokerConfig;

class InternalTopicLog final : public CoordinatorLog {
 public:
  /// topic  one of those that default_topic() knows the settings of
  /// All outlive this.
  InternalTopicLog(std::string_view topic, TopicCatalogue& topics, const io::Env& env,
                   const BrokerConfig& config)
      : topic_(topic), topics_(topics), env_(env), config_(config) {}

  std::string_view topic() const override { return topic_; }
  Result<std::int32_t> ensure_partitions() override;
  std::int32_t partition_count() override;
  void append(PartitionId partition, Buffer batch, storage::VerificationGuard guard,
              std::function<void(Status)> on_done) override;
  void append_marker(const LogMarker& marker, std::function<void(Status)> on_done) override;
  Result<Buffer> read(PartitionId partition, Offset from, std::size_t bytes_max) override;
  Offset log_start_offset(PartitionId partition) override;

 private:
  /// Null when there is none.
  std::shared_ptr<Partition> find(PartitionId partition) const;
  Error no_partition(PartitionId partition) const;

  const std::string_view topic_;
  TopicCatalogue& topics_;
  const io::Env& env_;
  const BrokerConfig& config_;
};

}  // namespace millrace::broker
