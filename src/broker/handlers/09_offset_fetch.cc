// OffsetFetch, versions 1–10.
//   What a group committed; offset -1 where it committed nothing. Topics that do not exist are no
//   error, as long as they are named.
// Version notes: v8 several groups, v10 topics by id alone: an unknown one is UNKNOWN_TOPIC_ID, and
// one that was deleted is left out when all are asked for.

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "broker/groups/coordinator/group_caller.h"
#include "broker/groups/group_handlers.h"
#include "broker/groups/group_service.h"
#include "broker/handlers/replies.h"
#include "broker/session/responder.h"
#include "broker/topics/topic_catalogue.h"
#include "wire/messages/offset_fetch.h"

namespace millrace::broker {

namespace {

using OffsetsRequest = wire::OffsetFetchRequest;
using OffsetsResponse = wire::OffsetFetchResponse;

constexpr std::int16_t kOffsetFetchByIdSince = 10;

void name_topics(OffsetsRequest& request, const TopicTable& topics) {
  for (auto& group : request.groups) {
    if (!group.topics) continue;
    for (auto& asked : *group.topics) {
      if (const Topic* const topic = topics.find(asked.topic_id)) asked.name = topic->name;
    }
  }
}

void say_unknown(OffsetsResponse::OffsetFetchResponseTopics& topic) {
  for (auto& partition : topic.partitions) {
    partition = {.partition_index = partition.partition_index,
                 .committed_offset = kNoOffset.value(),
                 .committed_leader_epoch = kNoLeaderEpoch.value(),
                 .metadata = std::string(),
                 .error_code = code_of(wire::KafkaError::kUnknownTopicId)};
  }
}

/// Puts ids where the group answered with names only, and errors where there was no name.
OffsetsResponse identify_topics(OffsetsResponse response, const TopicTable& topics) {
  for (auto& group : response.groups) {
    std::vector<OffsetsResponse::OffsetFetchResponseTopics> identified;
    for (auto& topic : group.topics) {
      if (topic.name.empty()) {
        say_unknown(topic);
      } else {
        const Topic* const known = topics.find(topic.name);
        if (known == nullptr) continue;
        topic.topic_id = known->id;
      }
      identified.push_back(std::move(topic));
    }
    group.topics = std::move(identified);
  }
  return response;
}

}  // namespace

void handle_offset_fetch(wire::OffsetFetchRequest request, RequestContext context,
                         BrokerState& state, Responder<wire::OffsetFetchResponse> reply) {
  if (context.api_version >= kOffsetFetchByIdSince) {
    const auto topics = state.topics.table();
    name_topics(request, *topics);
    reply = with_changed_response<OffsetsResponse>(
        std::move(reply), [topics](OffsetsResponse response) {
          return identify_topics(std::move(response), *topics);
        });
  }
  state.groups->fetch_offsets(group_caller(context), std::move(request), std::move(reply));
}

}  // namespace millrace::broker
