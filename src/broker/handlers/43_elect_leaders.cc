// ElectLeaders, versions 0–2.
//   Preferred elections make the first replica the leader, if it is in sync; unclean ones give a
//   partition that nobody leads the first replica that runs. There is one log: neither loses
//   records. Each partition answers for itself; with null, for all of them, those that needed none
//   are left out.
// Version notes: v1 adds the type of election (KIP-460); v2 is flexible.
#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>

#include "broker/handlers/handlers.h"
#include "broker/nodes/nodes.h"
#include "broker/topics/topic_catalogue.h"
#include "wire/error_text.h"
#include "wire/messages/elect_leaders.h"

namespace millrace::broker {

namespace {

using wire::ElectLeadersRequest;
using wire::ElectLeadersResponse;
using wire::KafkaError;
using Elections = std::map<TopicPartition, KafkaError>;

std::string why_not_elected(KafkaError error) {
  switch (error) {
    case KafkaError::kElectionNotNeeded:
      return "the partition has the leader that was asked for";
    case KafkaError::kPreferredLeaderNotAvailable:
      return "the first replica does not run, or is not in sync";
    case KafkaError::kEligibleLeadersNotAvailable:
      return "no broker with a replica runs";
    default:
      return "there is no such partition";
  }
}

/// What became of each partition that `wants` names.
template <class Wants>
Result<Elections> hold_elections(Election election, const BrokerState& state, Wants wants) {
  Elections outcomes;
  const Running running = state.nodes.running();
  auto status = state.topics.replace_placements(
      [&](const TopicPartition& partition, const Placement& placement) -> std::optional<Placement> {
        if (!wants(partition)) return std::nullopt;
        auto elected = elect(placement, election, running);
        outcomes[partition] = elected.error;
        return std::move(elected.placement);
      });
  if (!status.ok()) return std::move(status).error();
  return outcomes;
}

void add_outcome(ElectLeadersResponse::ReplicaElectionResult& topic, std::int32_t partition,
                 KafkaError error) {
  auto& answer = topic.partition_result.emplace_back();
  answer.partition_id = partition;
  answer.error_code = code_of(error);
  answer.error_message.reset();
  if (error != KafkaError::kNone) answer.error_message = why_not_elected(error);
}

void answer_for_all(const Elections& outcomes, ElectLeadersResponse& response) {
  auto& topics = response.replica_election_results;
  for (const auto& [partition, error] : outcomes) {
    if (error == KafkaError::kElectionNotNeeded) continue;
    if (topics.empty() || topics.back().topic != partition.topic)
      topics.emplace_back().topic = partition.topic;
    add_outcome(topics.back(), partition.partition.value(), error);
  }
}

void answer_as_asked(const ElectLeadersRequest& request, const Elections& outcomes,
                     ElectLeadersResponse& response) {
  for (const auto& wanted : *request.topic_partitions) {
    auto& topic = response.replica_election_results.emplace_back();
    topic.topic = wanted.topic;
    for (const std::int32_t index : wanted.partitions) {
      const auto found = outcomes.find({wanted.topic, PartitionId{index}});
      add_outcome(topic, index,
                  found == outcomes.end() ? KafkaError::kUnknownTopicOrPartition : found->second);
    }
  }
}

bool is_asked_for(const ElectLeadersRequest& request, const TopicPartition& partition) {
  for (const auto& topic : *request.topic_partitions) {
    if (topic.topic != partition.topic) continue;
    for (const std::int32_t index : topic.partitions) {
      if (index == partition.partition.value()) return true;
    }
  }
  return false;
}

}  // namespace

ElectLeadersResponse handle_elect_leaders(ElectLeadersRequest request, const RequestContext&,
                                          BrokerState& state) {
  ElectLeadersResponse response;
  if (request.election_type != static_cast<std::int8_t>(Election::kPreferred) &&
      request.election_type != static_cast<std::int8_t>(Election::kUnclean)) {
    response.error_code = code_of(KafkaError::kInvalidRequest);
    return response;
  }
  const auto election = static_cast<Election>(request.election_type);
  const bool is_for_all = !request.topic_partitions.has_value();
  const auto outcomes = hold_elections(election, state, [&](const TopicPartition& partition) {
    return is_for_all || is_asked_for(request, partition);
  });
  if (!outcomes.ok()) {
    response.error_code = code_of(wire::kafka_error_of(outcomes.error()));
  } else if (is_for_all) {
    answer_for_all(*outcomes, response);
  } else {
    answer_as_asked(request, *outcomes, response);
  }
  return response;
}

}  // namespace millrace::broker
