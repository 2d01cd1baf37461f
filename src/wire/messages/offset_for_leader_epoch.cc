#include "wire/messages/offset_for_leader_epoch.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<OffsetForLeaderEpochRequest>;
template struct Codec<OffsetForLeaderEpochResponse>;

}  // namespace millrace::wire
