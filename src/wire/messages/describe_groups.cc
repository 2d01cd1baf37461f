#include "wire/messages/describe_groups.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<DescribeGroupsRequest>;
template struct Codec<DescribeGroupsResponse>;

}  // namespace millrace::wire
