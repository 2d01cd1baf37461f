#include "wire/messages/add_partitions_to_txn.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<AddPartitionsToTxnRequest>;
template struct Codec<AddPartitionsToTxnResponse>;

}  // namespace millrace::wire
