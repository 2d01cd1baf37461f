#include "client/producer/produce_answers.h"

namespace millrace::client {

ProduceAnswers::ProduceAnswers(const wire::ProduceResponse& response) {
  for (const auto& topic : response.responses) {
    const Uuid id = topic.name.empty() ? topic.topic_id : Uuid{};
    for (const auto& each : topic.partition_responses) {
      by_partition_[{topic.name, id, each.index}] = &each;
    }
  }
}

const wire::ProduceResponse::PartitionProduceResponse* ProduceAnswers::find(
    const TopicPartition& partition, const Uuid& topic_id) const {
  const std::int32_t index = partition.partition.value();
  auto found = by_partition_.find({partition.topic, Uuid{}, index});
  if (found == by_partition_.end()) found = by_partition_.find({"", topic_id, index});
  return found == by_partition_.end() ? nullptr : found->second;
}

}  // namespace millrace::client
