#include "wire/messages/delete_topics.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<DeleteTopicsRequest>;
template struct Codec<DeleteTopicsResponse>;

}  // namespace millrace::wire
