// OffsetFetch, versions 1–10.
//   Nothing committed is offset -1 and no error, also for a group that nobody has heard of.
//   No list of topics asks for all that the group has committed.
//   An offset that is not in the log yet is not shown. With require_stable the answer waits for the
//   commits that are on their way when the request comes: whoever takes over a partition must not
//   begin behind them. Later ones it does not wait for, or a busy group would never let it go. For
//   a transaction to end nobody waits here: UNSTABLE_OFFSET_COMMIT, and the client comes again.
// Version notes: from v8 on several groups at once, with the same fields under other names; from v9
// on members of consumer groups say their epoch, and must be in it.
// source  Kafka, OffsetMetadataManager; KIP-709, KIP-447, KIP-848

#include "broker/groups/offsets/offset_fetch.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "base/probe.h"
#include "broker/groups/consumer/consumer_commit.h"
#include "broker/groups/offsets/transactional_commit.h"

namespace millrace::broker {

namespace {

constexpr std::int16_t kManyGroupsSince = 8;

template <class Partition>
Partition partition_answer(std::int32_t index, const CommittedOffset* committed) {
  Partition answer;
  answer.partition_index = index;
  answer.committed_offset = kNoOffset.value();
  if (committed == nullptr) return answer;
  answer.committed_offset = committed->commit.offset.value();
  answer.committed_leader_epoch = committed->commit.leader_epoch.value();
  answer.metadata = committed->commit.metadata;
  return answer;
}

/// What one group committed, as far as the request may see it.
struct View {
  const OffsetsStore& offsets;
  const std::string& group_id;
  std::set<OffsetKey> unstable;

  View(const CoordinatorState& state, const std::string& group, bool require_stable)
      : offsets(state.offsets), group_id(group) {
    if (require_stable) unstable = pending_offsets_of(state, group);
  }

  template <class Partition>
  Partition answer(const std::string& topic, std::int32_t index,
                   const CommittedOffset* committed) const {
    if (!unstable.contains({group_id, topic, index})) {
      return partition_answer<Partition>(index, committed);
    }
    PROBE("broker: an offset was asked for while a transaction is open");
    auto refused = partition_answer<Partition>(index, nullptr);
    refused.error_code = code_of(wire::KafkaError::kUnstableOffsetCommit);
    return refused;
  }
};

template <class AnsweredTopic>
std::vector<AnsweredTopic> answer_all(const View& view) {
  using Partition = typename decltype(AnsweredTopic::partitions)::value_type;
  std::vector<AnsweredTopic> answers;
  const OffsetsStore::ByTopic* const topics = view.offsets.find(view.group_id);
  if (topics == nullptr) return answers;
  for (const auto& [name, partitions] : *topics) {
    AnsweredTopic& answer = answers.emplace_back();
    answer.name = name;
    for (const auto& [index, committed] : partitions) {
      answer.partitions.push_back(view.answer<Partition>(name, index, &committed));
    }
  }
  return answers;
}

template <class AnsweredTopic, class AskedTopic>
std::vector<AnsweredTopic> answer_topics(const View& view,
                                         const std::optional<std::vector<AskedTopic>>& asked) {
  using Partition = typename decltype(AnsweredTopic::partitions)::value_type;
  if (!asked) return answer_all<AnsweredTopic>(view);

  std::vector<AnsweredTopic> answers;
  for (const AskedTopic& topic : *asked) {
    AnsweredTopic& answer = answers.emplace_back();
    answer.name = topic.name;
    if constexpr (requires { topic.topic_id; }) answer.topic_id = topic.topic_id;
    for (const std::int32_t index : topic.partition_indexes) {
      answer.partitions.push_back(view.answer<Partition>(
          topic.name, index, view.offsets.find(view.group_id, topic.name, index)));
    }
  }
  return answers;
}

bool is_asked_for(const std::string& group_id, const wire::OffsetFetchRequest& asked) {
  return group_id == asked.group_id ||
         std::any_of(asked.groups.begin(), asked.groups.end(),
                     [&](const auto& group) { return group.group_id == group_id; });
}

/// The commits of the groups that are asked for which are on their way to the log.
std::set<AppendId> awaited_commits(const CoordinatorState& state,
                                   const wire::OffsetFetchRequest& asked) {
  std::set<AppendId> awaited;
  if (!asked.require_stable) return awaited;
  for (const auto& [id, append] : state.appends) {
    const bool is_commit = std::holds_alternative<OffsetsCommitted>(append.outcome);
    if (is_commit && is_asked_for(append.group_id, asked)) awaited.insert(id);
  }
  return awaited;
}

/// Members of consumer groups say who they are.
wire::KafkaError check_member(const CoordinatorState& state,
                              const wire::OffsetFetchRequest::OffsetFetchRequestGroup& asked) {
  const auto found = state.consumer_groups.find(asked.group_id);
  if (found == state.consumer_groups.end()) return wire::KafkaError::kNone;
  return check_fetch(*found->second, asked.member_id, asked.member_epoch);
}

wire::OffsetFetchResponse answer_of(const CoordinatorState& state, std::int16_t api_version,
                                    const wire::OffsetFetchRequest& asked) {
  using Response = wire::OffsetFetchResponse;
  Response response;
  if (api_version < kManyGroupsSince) {
    response.topics = answer_topics<Response::OffsetFetchResponseTopic>(
        View(state, asked.group_id, asked.require_stable), asked.topics);
    return response;
  }
  for (const auto& group : asked.groups) {
    auto& answer = response.groups.emplace_back();
    answer.group_id = group.group_id;
    if (const wire::KafkaError error = check_member(state, group);
        error != wire::KafkaError::kNone) {
      answer.error_code = code_of(error);
      continue;
    }
    answer.topics = answer_topics<Response::OffsetFetchResponseTopics>(
        View(state, group.group_id, asked.require_stable), group.topics);
  }
  return response;
}

}  // namespace

void fetch_offsets(Turn& turn, RequestToken token, const GroupCaller& caller,
                   wire::OffsetFetchRequest request) {
  auto awaited = awaited_commits(turn.state, request);
  if (awaited.empty())
    return turn.answer(token, answer_of(turn.state, caller.api_version, request));
  turn.state.waiting_fetches.push_back(
      {{token, caller.api_version}, std::move(request), std::move(awaited)});
}

void let_fetches_go(Turn& turn, AppendId acknowledged) {
  auto& waiting = turn.state.waiting_fetches;
  for (WaitingFetch& fetch : waiting) {
    fetch.awaited.erase(acknowledged);
    if (fetch.awaited.empty())
      turn.answer(fetch.request.token,
                  answer_of(turn.state, fetch.request.api_version, fetch.asked));
  }
  std::erase_if(waiting, [](const WaitingFetch& fetch) { return fetch.awaited.empty(); });
}

}  // namespace millrace::broker
