// FindCoordinator, versions 0–6.
//   A single node coordinates every group and every transaction. Of several it is the leader of the
//   partition that keeps the group or the transactional id; the internal topic is made for that.
//   Share groups are not served: INVALID_REQUEST, as by a Kafka that has them switched off.
// Version notes: v1 key types, v4 several keys at once, v6 key type 2 (share).

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "broker/groups/group_handlers.h"
#include "broker/nodes/coordinators.h"
#include "broker/nodes/nodes.h"
#include "broker/topics/topic_catalogue.h"
#include "broker/topics/topic_rules.h"
#include "wire/error_codes.h"
#include "wire/messages/find_coordinator.h"

namespace millrace::broker {

namespace {

constexpr std::int16_t kManyKeysSince = 4;

enum class CoordinatorType : std::int8_t { kGroup = 0, kTransaction = 1, kShare = 2 };

bool is_served(std::int8_t key_type) {
  return key_type == static_cast<std::int8_t>(CoordinatorType::kGroup) ||
         key_type == static_cast<std::int8_t>(CoordinatorType::kTransaction);
}

template <class Answer>
void refuse_to_find(Answer& answer, wire::KafkaError error, std::string why) {
  answer.error_code = code_of(error);
  answer.error_message = std::move(why);
  answer.node_id = -1;
  answer.port = -1;
}

/// kNoLeader when nobody does.
BrokerId find_node_of(std::int8_t key_type, std::string_view key, const RequestContext& context,
                      BrokerState& state) {
  if (!state.nodes.are_many()) return context.node;
  const auto kept = key_type == static_cast<std::int8_t>(CoordinatorType::kGroup)
                        ? ResourceType::kGroup
                        : ResourceType::kTransactionalId;
  const auto made =
      state.topics.find_or_create(default_topic(topic_of_coordinator(kept), state.config));
  return made.ok() ? coordinator_of(*state.topics.table(), kept, key) : kNoLeader;
}

/// Writes who coordinates, or why nobody does, into a response or into one of its coordinators.
template <class Answer>
void fill(Answer& answer, std::int8_t key_type, std::string_view key, const RequestContext& context,
          BrokerState& state) {
  if (!is_served(key_type))
    return refuse_to_find(answer, wire::KafkaError::kInvalidRequest,
                          fmt::format("key type {} has no coordinator here", int{key_type}));
  const auto nodes = state.nodes.list();
  const Node* const node = find_node(*nodes, find_node_of(key_type, key, context, state));
  if (node == nullptr || !node->is_running)
    return refuse_to_find(answer, wire::KafkaError::kCoordinatorNotAvailable,
                          "no broker leads the partition that keeps it");
  auto [host, port] = address_of(*node, *context.connection);
  answer.node_id = node->id.value();
  answer.host = std::move(host);
  answer.port = port;
}

}  // namespace

wire::FindCoordinatorResponse handle_find_coordinator(wire::FindCoordinatorRequest request,
                                                      const RequestContext& context,
                                                      BrokerState& state) {
  wire::FindCoordinatorResponse response;
  if (context.api_version < kManyKeysSince) {
    fill(response, request.key_type, request.key, context, state);
    return response;
  }
  for (std::string& key : request.coordinator_keys) {
    auto& coordinator = response.coordinators.emplace_back();
    fill(coordinator, request.key_type, key, context, state);
    coordinator.key = std::move(key);
  }
  return response;
}

}  // namespace millrace::broker
