#include "wire/messages/list_transactions.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<ListTransactionsRequest>;
template struct Codec<ListTransactionsResponse>;

}  // namespace millrace::wire
