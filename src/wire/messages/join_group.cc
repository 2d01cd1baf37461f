#include "wire/messages/join_group.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<JoinGroupRequest>;
template struct Codec<JoinGroupResponse>;

}  // namespace millrace::wire
