// AlterPartitionReassignments, versions 0–1.
//   Replicas move at once, as every replica is the same log: nothing is ever on its way, and there
//   is nothing to cancel (NO_REASSIGNMENT_IN_PROGRESS). Each partition answers for itself. Brokers
//   that do not run may hold replicas, but one must run.
// Version notes: v1 may forbid to change how many replicas there are (KIP-860).
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/handlers/handlers.h"
#include "broker/nodes/nodes.h"
#include "broker/topics/topic_catalogue.h"
#include "wire/error_text.h"
#include "wire/messages/alter_partition_reassignments.h"

namespace millrace::broker {

namespace {

using wire::AlterPartitionReassignmentsRequest;
using wire::AlterPartitionReassignmentsResponse;
using wire::KafkaError;
using wire::make_error;
using Wanted = AlterPartitionReassignmentsRequest::ReassignablePartition;

struct Move {
  const Wanted* wanted;
  /// Until the partition was found.
  Status outcome = make_error(KafkaError::kUnknownTopicOrPartition, "there is no such partition");
};
using Moves = std::map<TopicPartition, Move>;

Error bad_replicas(std::string why) {
  return make_error(KafkaError::kInvalidReplicaAssignment, std::move(why));
}

Status check_target(const std::vector<std::int32_t>& target, const NodeList& nodes) {
  if (target.empty()) return bad_replicas("the list of replicas is empty");
  bool one_runs = false;
  for (const std::int32_t id : target) {
    const Node* const node = find_node(nodes, BrokerId{id});
    if (node == nullptr) return bad_replicas(fmt::format("there is no broker {}", id));
    if (std::count(target.begin(), target.end(), id) > 1)
      return bad_replicas(fmt::format("broker {} is named twice", id));
    one_runs = one_runs || node->is_running;
  }
  return one_runs ? Status{} : bad_replicas("none of these brokers runs");
}

Result<std::optional<Placement>> move_of(const Wanted& wanted, const Placement& placement,
                                         bool may_change_factor, const BrokerState& state) {
  if (!wanted.replicas.has_value())
    return make_error(KafkaError::kNoReassignmentInProgress,
                      "replicas move at once here: none is on its way");
  if (auto status = check_target(*wanted.replicas, *state.nodes.list()); !status.ok())
    return std::move(status).error();
  if (!may_change_factor && wanted.replicas->size() != placement.replicas.size())
    return make_error(KafkaError::kInvalidReplicationFactor,
                      fmt::format("the partition has {} replicas, {} were named",
                                  placement.replicas.size(), wanted.replicas->size()));
  std::vector<BrokerId> replicas;
  for (const std::int32_t id : *wanted.replicas) replicas.emplace_back(id);
  return reassigned(placement, std::move(replicas), state.nodes.running());
}

}  // namespace

AlterPartitionReassignmentsResponse handle_alter_partition_reassignments(
    AlterPartitionReassignmentsRequest request, const RequestContext&, BrokerState& state) {
  Moves moves;
  for (const auto& topic : request.topics) {
    for (const auto& wanted : topic.partitions)
      moves[{topic.name, PartitionId{wanted.partition_index}}] = {.wanted = &wanted};
  }
  const auto status = state.topics.replace_placements(
      [&](const TopicPartition& partition, const Placement& placement) -> std::optional<Placement> {
        const auto found = moves.find(partition);
        if (found == moves.end()) return std::nullopt;
        auto next = move_of(*found->second.wanted, placement,
                            request.allow_replication_factor_change, state);
        found->second.outcome = next.ok() ? Status{} : Status{next.error()};
        return next.ok() ? std::move(next).value() : std::nullopt;
      });

  AlterPartitionReassignmentsResponse response;
  response.allow_replication_factor_change = request.allow_replication_factor_change;
  response.error_message.reset();
  if (!status.ok()) {
    response.error_code = code_of(wire::kafka_error_of(status.error()));
    response.error_message = wire::bare_text(status.error());
    return response;
  }
  for (const auto& topic : request.topics) {
    auto& answers = response.responses.emplace_back();
    answers.name = topic.name;
    for (const auto& wanted : topic.partitions) {
      auto& answer = answers.partitions.emplace_back();
      answer.partition_index = wanted.partition_index;
      answer.error_message.reset();
      const Status& outcome = moves.at({topic.name, PartitionId{wanted.partition_index}}).outcome;
      if (outcome.ok()) continue;
      answer.error_code = code_of(wire::kafka_error_of(outcome.error()));
      answer.error_message = wire::bare_text(outcome.error());
    }
  }
  return response;
}

}  // namespace millrace::broker
