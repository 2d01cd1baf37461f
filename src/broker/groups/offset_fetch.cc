// OffsetFetch, versions 1–10.
//   Nothing committed is offset -1 and no error, also for a group that nobody has heard of.
//   No list of topics asks for all that the group has committed.
//   require_stable asks to wait for transactions that commit offsets; there are none here, and an
//   offset that is not in the log yet is not shown.
// Version notes: from v8 on several groups at once, with the same fields under other names.
// source  Kafka, OffsetMetadataManager; KIP-709, KIP-447

#include "broker/groups/offset_fetch.h"

#include <optional>
#include <utility>
#include <vector>

namespace millrace::broker {

namespace {

constexpr std::int16_t kManyGroupsSince = 8;

template <class Partition>
Partition partition_answer(std::int32_t index, const CommittedOffset* committed) {
  Partition answer;
  answer.partition_index = index;
  answer.committed_offset = kNoOffset.value();
  if (committed == nullptr) return answer;
  answer.committed_offset = committed->offset.value();
  answer.committed_leader_epoch = committed->leader_epoch.value();
  answer.metadata = committed->metadata;
  return answer;
}

template <class AnsweredTopic>
std::vector<AnsweredTopic> answer_all(const OffsetsStore& offsets, const std::string& group_id) {
  using Partition = typename decltype(AnsweredTopic::partitions)::value_type;
  std::vector<AnsweredTopic> answers;
  const OffsetsStore::ByTopic* const topics = offsets.find(group_id);
  if (topics == nullptr) return answers;
  for (const auto& [name, partitions] : *topics) {
    AnsweredTopic& answer = answers.emplace_back();
    answer.name = name;
    for (const auto& [index, committed] : partitions) {
      answer.partitions.push_back(partition_answer<Partition>(index, &committed));
    }
  }
  return answers;
}

template <class AnsweredTopic, class AskedTopic>
std::vector<AnsweredTopic> answer_topics(const OffsetsStore& offsets, const std::string& group_id,
                                         const std::optional<std::vector<AskedTopic>>& asked) {
  using Partition = typename decltype(AnsweredTopic::partitions)::value_type;
  if (!asked) return answer_all<AnsweredTopic>(offsets, group_id);

  std::vector<AnsweredTopic> answers;
  for (const AskedTopic& topic : *asked) {
    AnsweredTopic& answer = answers.emplace_back();
    answer.name = topic.name;
    if constexpr (requires { topic.topic_id; }) answer.topic_id = topic.topic_id;
    for (const std::int32_t index : topic.partition_indexes) {
      answer.partitions.push_back(
          partition_answer<Partition>(index, offsets.find(group_id, topic.name, index)));
    }
  }
  return answers;
}

}  // namespace

void fetch_offsets(Turn& turn, RequestToken token, const GroupCaller& caller,
                   const wire::OffsetFetchRequest& request) {
  using Response = wire::OffsetFetchResponse;
  const OffsetsStore& offsets = turn.state.offsets;
  Response response;
  if (caller.api_version < kManyGroupsSince) {
    response.topics = answer_topics<Response::OffsetFetchResponseTopic>(offsets, request.group_id,
                                                                        request.topics);
  } else {
    for (const auto& asked : request.groups) {
      auto& answer = response.groups.emplace_back();
      answer.group_id = asked.group_id;
      answer.topics =
          answer_topics<Response::OffsetFetchResponseTopics>(offsets, asked.group_id, asked.topics);
    }
  }
  turn.answer(token, std::move(response));
}

}  // namespace millrace::broker
