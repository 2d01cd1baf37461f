#include "wire/messages/create_partitions.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<CreatePartitionsRequest>;
template struct Codec<CreatePartitionsResponse>;

}  // namespace millrace::wire
