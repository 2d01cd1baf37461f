// OffsetForLeaderEpoch, versions 2–4.
//   Says where the largest epoch that is not above the one asked ends, so that a client can tell
//   whether what it read is still there. An epoch that the log does not know gives -1.
#include <utility>

#include "broker/handlers/handlers.h"
#include "broker/handlers/replies.h"
#include "broker/topics/topic_catalogue.h"
#include "wire/messages/offset_for_leader_epoch.h"

namespace millrace::broker {

wire::OffsetForLeaderEpochResponse handle_offset_for_leader_epoch(
    wire::OffsetForLeaderEpochRequest request, const RequestContext& context, BrokerState& state) {
  const auto topics = state.topics.table();
  wire::OffsetForLeaderEpochResponse response;
  for (auto& topic : request.topics) {
    auto& answers = response.topics.emplace_back();
    for (const auto& wanted : topic.partitions) {
      auto& answer = answers.partitions.emplace_back();
      answer.partition = wanted.partition;
      const Partition* const partition = topics->find_partition(topic.topic, wanted.partition);
      if (partition == nullptr) {
        answer.error_code = code_of(wire::KafkaError::kUnknownTopicOrPartition);
        continue;
      }
      answer.error_code =
          code_of(check_leads(*partition, context.node, wanted.current_leader_epoch));
      if (answer.error_code != 0) continue;
      if (wanted.leader_epoch == partition->leader_epoch().value()) {
        answer.leader_epoch = wanted.leader_epoch;
        answer.end_offset = partition->high_watermark().value();
        continue;
      }
      const auto end = partition->end_offset_for_epoch(LeaderEpoch{wanted.leader_epoch});
      answer.leader_epoch = end.epoch.value();
      answer.end_offset = end.end_offset.value();
    }
    answers.topic = std::move(topic.topic);
  }
  return response;
}

}  // namespace millrace::broker
