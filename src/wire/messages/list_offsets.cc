#include "wire/messages/list_offsets.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<ListOffsetsRequest>;
template struct Codec<ListOffsetsResponse>;

}  // namespace millrace::wire
