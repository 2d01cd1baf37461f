#include "wire/messages/describe_producers.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<DescribeProducersRequest>;
template struct Codec<DescribeProducersResponse>;

}  // namespace millrace::wire
