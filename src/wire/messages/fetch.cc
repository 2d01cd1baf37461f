#include "wire/messages/fetch.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<FetchRequest>;
template struct Codec<FetchResponse>;

}  // namespace millrace::wire
