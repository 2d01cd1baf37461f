#include "wire/messages/describe_topic_partitions.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<DescribeTopicPartitionsRequest>;
template struct Codec<DescribeTopicPartitionsResponse>;

}  // namespace millrace::wire
