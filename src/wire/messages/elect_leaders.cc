#include "wire/messages/elect_leaders.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<ElectLeadersRequest>;
template struct Codec<ElectLeadersResponse>;

}  // namespace millrace::wire
