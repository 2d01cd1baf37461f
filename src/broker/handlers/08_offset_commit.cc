// OffsetCommit, versions 2–10.
//   Unknown topics and partitions are answered here with UNKNOWN_TOPIC_OR_PARTITION; the rest goes
//   to the group, and is answered when it is in __consumer_offsets.
// Version notes: v10 names topics by id alone, an unknown one is UNKNOWN_TOPIC_ID.

#include <cstddef>
#include <utility>
#include <vector>

#include "broker/groups/coordinator/group_caller.h"
#include "broker/groups/group_handlers.h"
#include "broker/groups/group_service.h"
#include "broker/handlers/replies.h"
#include "broker/session/responder.h"
#include "broker/topics/topic_catalogue.h"
#include "wire/messages/offset_commit.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;
using CommitRequest = wire::OffsetCommitRequest;
using CommitResponse = wire::OffsetCommitResponse;

constexpr std::int16_t kCommitByIdSince = 10;

/// A request cut into what is answered already and what the group has to say.
struct Split {
  CommitResponse response;  // every partition in the order of the request
  struct Open {
    std::size_t topic;
    std::size_t partition;
  };
  std::vector<Open> open;  // of the response, still to be answered
  std::vector<CommitRequest::OffsetCommitRequestTopic>
      ask;  // the same partitions in the same order
};

void split_topic(Split& split, CommitRequest::OffsetCommitRequestTopic asked, const Topic* topic,
                 KafkaError if_unknown) {
  auto& answered = split.response.topics.emplace_back();
  answered.name = asked.name;
  answered.topic_id = asked.topic_id;
  std::vector<CommitRequest::OffsetCommitRequestPartition> known;
  for (auto& partition : asked.partitions) {
    auto& result = answered.partitions.emplace_back();
    result.partition_index = partition.partition_index;
    if (topic == nullptr) {
      result.error_code = code_of(if_unknown);
    } else if (topic->partition(partition.partition_index) == nullptr) {
      result.error_code = code_of(KafkaError::kUnknownTopicOrPartition);
    } else {
      split.open.push_back({split.response.topics.size() - 1, answered.partitions.size() - 1});
      known.push_back(std::move(partition));
    }
  }
  if (known.empty()) return;
  asked.name = topic->name;
  asked.partitions = std::move(known);
  split.ask.push_back(std::move(asked));
}

Split split_request(CommitRequest& request, const TopicTable& topics, std::int16_t api_version) {
  const bool by_id = api_version >= kCommitByIdSince;
  Split split;
  for (auto& asked : request.topics) {
    const Topic* const topic = by_id ? topics.find(asked.topic_id) : topics.find(asked.name);
    split_topic(split, std::move(asked), topic,
                by_id ? KafkaError::kUnknownTopicId : KafkaError::kUnknownTopicOrPartition);
  }
  return split;
}

CommitResponse merge(CommitResponse response, const std::vector<Split::Open>& open,
                     const CommitResponse& of_group) {
  auto place = open.begin();
  for (const auto& topic : of_group.topics) {
    for (const auto& partition : topic.partitions) {
      CHECK(place != open.end(), "a group answered for more partitions than it was asked for");
      response.topics[place->topic].partitions[place->partition].error_code = partition.error_code;
      ++place;
    }
  }
  return response;
}

}  // namespace

void handle_offset_commit(wire::OffsetCommitRequest request, RequestContext context,
                          BrokerState& state, Responder<wire::OffsetCommitResponse> reply) {
  const auto topics = state.topics.table();
  Split split = split_request(request, *topics, context.api_version);
  if (split.open.empty()) {
    reply.send(std::move(split.response));
    return;
  }
  request.topics = std::move(split.ask);
  auto merged = with_changed_response<CommitResponse>(
      std::move(reply),
      [answered = std::move(split.response), open = std::move(split.open)](
          const CommitResponse& of_group) { return merge(answered, open, of_group); });
  state.groups->commit_offsets(group_caller(context), std::move(request), std::move(merged));
}

}  // namespace millrace::broker
