#include "wire/messages/describe_configs.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<DescribeConfigsRequest>;
template struct Codec<DescribeConfigsResponse>;

}  // namespace millrace::wire
