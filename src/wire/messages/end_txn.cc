#include "wire/messages/end_txn.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<EndTxnRequest>;
template struct Codec<EndTxnResponse>;

}  // namespace millrace::wire
