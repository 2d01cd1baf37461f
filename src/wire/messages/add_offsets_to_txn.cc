#include "wire/messages/add_offsets_to_txn.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<AddOffsetsToTxnRequest>;
template struct Codec<AddOffsetsToTxnResponse>;

}  // namespace millrace::wire
