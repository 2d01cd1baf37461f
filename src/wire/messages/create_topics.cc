#include "wire/messages/create_topics.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<CreateTopicsRequest>;
template struct Codec<CreateTopicsResponse>;

}  // namespace millrace::wire
