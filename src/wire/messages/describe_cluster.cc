#include "wire/messages/describe_cluster.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<DescribeClusterRequest>;
template struct Codec<DescribeClusterResponse>;

}  // namespace millrace::wire
