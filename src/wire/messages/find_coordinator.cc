#include "wire/messages/find_coordinator.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<FindCoordinatorRequest>;
template struct Codec<FindCoordinatorResponse>;

}  // namespace millrace::wire
