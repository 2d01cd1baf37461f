#include "wire/messages/offset_fetch.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<OffsetFetchRequest>;
template struct Codec<OffsetFetchResponse>;

}  // namespace millrace::wire
