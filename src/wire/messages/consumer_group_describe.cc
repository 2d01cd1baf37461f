#include "wire/messages/consumer_group_describe.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<ConsumerGroupDescribeRequest>;
template struct Codec<ConsumerGroupDescribeResponse>;

}  // namespace millrace::wire
