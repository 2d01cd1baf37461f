// ConsumerGroupHeartbeat, versions 0–1.
//   Joins, lives and leaves in a group whose coordinator deals the partitions (KIP-848), unless
//   the feature group.version says that there are none.
// Version notes: v1 subscriptions by regular expression, member ids chosen by the client.

#include <utility>

#include "broker/groups/coordinator/group_caller.h"
#include "broker/groups/group_handlers.h"
#include "broker/groups/group_service.h"
#include "broker/topics/settings_catalogue.h"
#include "wire/error_codes.h"
#include "wire/messages/consumer_group_heartbeat.h"

namespace millrace::broker {

void handle_consumer_group_heartbeat(wire::ConsumerGroupHeartbeatRequest request,
                                     RequestContext context, BrokerState& state,
                                     Responder<wire::ConsumerGroupHeartbeatResponse> reply) {
  const auto settings = state.settings.settings();
  if (feature_level(settings->set.features, settings->config, kGroupVersion) == 0) {
    wire::ConsumerGroupHeartbeatResponse response;
    response.error_code = code_of(wire::KafkaError::kUnsupportedVersion);
    response.error_message = "group.version is 0";
    return reply.send(std::move(response));
  }
  state.groups->consumer_heartbeat(group_caller(context), std::move(request), std::move(reply));
}

}  // namespace millrace::broker
