#include "wire/messages/consumer_group_heartbeat.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<ConsumerGroupHeartbeatRequest>;
template struct Codec<ConsumerGroupHeartbeatResponse>;

}  // namespace millrace::wire
