#include "broker/groups/coordinator/group_caller.h"

namespace millrace::broker {

GroupCaller group_caller(const RequestContext& context) {
  return {.api_version = context.api_version,
          .client_id = context.client_id.value_or(""),
          .client_host = "/" + plain_host(context.connection->peer)};
}

}  // namespace millrace::broker
