// DescribeProducers, version 0.
//   The producers that each partition knows: idempotent and transactional ones that wrote, or whose
//   transaction was ended there, within producer.id.expiration.ms. In order of their ids.
//   A transaction that has been open for long is one that nobody ends: tools look for it here.
#include <algorithm>
#include <string>
#include <utility>

#include "broker/handlers/handlers.h"
#include "broker/topics/topic_catalogue.h"
#include "wire/messages/describe_producers.h"

namespace millrace::broker {

namespace {

using wire::DescribeProducersResponse;
using wire::KafkaError;

DescribeProducersResponse::ProducerState describe(ProducerId id,
                                                  const storage::ProducerEntry& entry) {
  DescribeProducersResponse::ProducerState state;
  state.producer_id = id.value();
  state.producer_epoch = entry.epoch.value();
  state.last_sequence = entry.last_sequence();
  state.last_timestamp = entry.last_timestamp.value();
  state.coordinator_epoch = entry.coordinator_epoch;
  state.current_txn_start_offset = entry.transaction_start.value_or(kNoOffset).value();
  return state;
}

DescribeProducersResponse::PartitionResponse answer_one(const Partition* partition,
                                                        std::int32_t index) {
  DescribeProducersResponse::PartitionResponse answer;
  answer.partition_index = index;
  if (partition == nullptr) {
    answer.error_code = code_of(KafkaError::kUnknownTopicOrPartition);
    return answer;
  }
  for (const auto& [id, entry] : partition->producers()) {
    answer.active_producers.push_back(describe(id, entry));
  }
  std::sort(answer.active_producers.begin(), answer.active_producers.end(),
            [](const auto& a, const auto& b) { return a.producer_id < b.producer_id; });
  return answer;
}

}  // namespace

DescribeProducersResponse handle_describe_producers(wire::DescribeProducersRequest request,
                                                    const RequestContext&, BrokerState& state) {
  const auto topics = state.topics.table();
  DescribeProducersResponse response;
  for (auto& topic : request.topics) {
    auto& answers = response.topics.emplace_back();
    for (const std::int32_t index : topic.partition_indexes) {
      answers.partitions.push_back(answer_one(topics->find_partition(topic.name, index), index));
    }
    answers.name = std::move(topic.name);
  }
  return response;
}

}  // namespace millrace::broker
