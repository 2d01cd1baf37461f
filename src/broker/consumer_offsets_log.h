// ConsumerOffsetsLog: the partitions of `__consumer_offsets` as the groups see them.
#pragma once

#include <memory>

#include "broker/groups/offsets/offsets_log.h"

namespace millrace::io {
class Env;
}

namespace millrace::broker {

class Partition;
class TopicCatalogue;
struct BrokerConfig;

class ConsumerOffsetsLog final : public OffsetsLog {
 public:
  /// All outlive this.
  ConsumerOffsetsLog(TopicCatalogue& topics, const io::Env& env, const BrokerConfig& config)
      : topics_(topics), env_(env), config_(config) {}

  Result<std::int32_t> ensure_partitions() override;
  std::int32_t partition_count() override;
  void append(PartitionId partition, Buffer batch, std::function<void(Status)> on_done) override;
  Result<Buffer> read(PartitionId partition, Offset from, std::size_t bytes_max) override;
  Offset log_start_offset(PartitionId partition) override;

 private:
  /// Null when there is none.
  std::shared_ptr<Partition> find(PartitionId partition) const;

  TopicCatalogue& topics_;
  const io::Env& env_;
  const BrokerConfig& config_;
};

}  // namespace millrace::broker
