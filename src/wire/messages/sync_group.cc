#include "wire/messages/sync_group.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<SyncGroupRequest>;
template struct Codec<SyncGroupResponse>;

}  // namespace millrace::wire
