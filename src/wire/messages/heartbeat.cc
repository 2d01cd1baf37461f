#include "wire/messages/heartbeat.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<HeartbeatRequest>;
template struct Codec<HeartbeatResponse>;

}  // namespace millrace::wire
