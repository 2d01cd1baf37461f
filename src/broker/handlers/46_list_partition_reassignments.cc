// ListPartitionReassignments, version 0: none, ever. Replicas move at once (handler 45).
#include "broker/handlers/handlers.h"
#include "wire/messages/list_partition_reassignments.h"

namespace millrace::broker {

wire::ListPartitionReassignmentsResponse handle_list_partition_reassignments(
    wire::ListPartitionReassignmentsRequest, const RequestContext&, BrokerState&) {
  wire::ListPartitionReassignmentsResponse response;
  response.error_message.reset();
  return response;
}

}  // namespace millrace::broker
