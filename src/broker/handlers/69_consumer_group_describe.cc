// ConsumerGroupDescribe, versions 0–1.
//   State, epochs, members and assignments of groups of KIP-848; GROUP_ID_NOT_FOUND for others.
// Version notes: v1 says by which protocol a member takes part.

#include <utility>

#include "broker/groups/group_handlers.h"
#include "broker/groups/group_service.h"
#include "wire/messages/consumer_group_describe.h"

namespace millrace::broker {

void handle_consumer_group_describe(wire::ConsumerGroupDescribeRequest request, RequestContext,
                                    BrokerState& state,
                                    Responder<wire::ConsumerGroupDescribeResponse> reply) {
  state.groups->describe_consumer_groups(std::move(request), std::move(reply));
}

}  // namespace millrace::broker
