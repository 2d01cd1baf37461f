#include "wire/messages/init_producer_id.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<InitProducerIdRequest>;
template struct Codec<InitProducerIdResponse>;

}  // namespace millrace::wire
