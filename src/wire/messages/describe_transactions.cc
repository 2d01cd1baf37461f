#include "wire/messages/describe_transactions.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<DescribeTransactionsRequest>;
template struct Codec<DescribeTransactionsResponse>;

}  // namespace millrace::wire
