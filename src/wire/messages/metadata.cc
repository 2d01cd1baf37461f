#include "wire/messages/metadata.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<MetadataRequest>;
template struct Codec<MetadataResponse>;

}  // namespace millrace::wire
