// FindCoordinator, versions 0–6.
//   On one node this broker coordinates every group and every transaction; the client is sent to
//   the address it came by.
//   Share groups are not served: INVALID_REQUEST, as by a Kafka that has them switched off.
// Version notes: v1 key types, v4 several keys at once, v6 key type 2 (share).

#include <cstdint>
#include <string>
#include <utility>

#include "broker/groups/group_handlers.h"
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

/// Writes who coordinates, or why nobody does, into a response or into one of its coordinators.
template <class Answer>
void fill(Answer& answer, std::int8_t key_type, const RequestContext& context) {
  if (!is_served(key_type)) {
    answer.error_code = code_of(wire::KafkaError::kInvalidRequest);
    answer.error_message = fmt::format("key type {} has no coordinator here", int{key_type});
    answer.node_id = -1;
    answer.port = -1;
    return;
  }
  auto [host, port] = context.advertised();
  answer.node_id = context.node.value();
  answer.host = std::move(host);
  answer.port = port;
}

}  // namespace

wire::FindCoordinatorResponse handle_find_coordinator(wire::FindCoordinatorRequest request,
                                                      const RequestContext& context, BrokerState&) {
  wire::FindCoordinatorResponse response;
  if (context.api_version < kManyKeysSince) {
    fill(response, request.key_type, context);
    return response;
  }
  for (std::string& key : request.coordinator_keys) {
    auto& coordinator = response.coordinators.emplace_back();
    coordinator.key = std::move(key);
    fill(coordinator, request.key_type, context);
  }
  return response;
}

}  // namespace millrace::broker
