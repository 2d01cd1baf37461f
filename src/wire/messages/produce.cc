#include "wire/messages/produce.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<ProduceRequest>;
template struct Codec<ProduceResponse>;

}  // namespace millrace::wire
