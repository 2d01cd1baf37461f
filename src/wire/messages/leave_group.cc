#include "wire/messages/leave_group.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<LeaveGroupRequest>;
template struct Codec<LeaveGroupResponse>;

}  // namespace millrace::wire
