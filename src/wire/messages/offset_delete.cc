#include "wire/messages/offset_delete.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<OffsetDeleteRequest>;
template struct Codec<OffsetDeleteResponse>;

}  // namespace millrace::wire
