#include "wire/messages/describe_log_dirs.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<DescribeLogDirsRequest>;
template struct Codec<DescribeLogDirsResponse>;

}  // namespace millrace::wire
