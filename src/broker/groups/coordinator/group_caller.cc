#include "broker/groups/coordinator/group_caller.h"

#include "broker/handlers/replies.h"

namespace millrace::broker {

GroupCaller group_caller(const RequestContext& context) {
  return {.api_version = context.api_version,
          .client_id = context.client_id.value_or(""),
          .client_host = "/" + advertised_host(context.peer)};
}

}  // namespace millrace::broker
