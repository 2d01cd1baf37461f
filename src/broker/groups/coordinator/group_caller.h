// From a request's context to what the groups want to know of who asks.
#pragma once

#include "broker/groups/coordinator/group_types.h"
#include "broker/session/request_context.h"

namespace millrace::broker {

GroupCaller group_caller(const RequestContext& context);

}  // namespace millrace::broker
