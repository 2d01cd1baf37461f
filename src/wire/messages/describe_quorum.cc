#include "wire/messages/describe_quorum.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<DescribeQuorumRequest>;
template struct Codec<DescribeQuorumResponse>;

}  // namespace millrace::wire
