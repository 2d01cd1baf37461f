#include "wire/messages/describe_client_quotas.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<DescribeClientQuotasRequest>;
template struct Codec<DescribeClientQuotasResponse>;

}  // namespace millrace::wire
