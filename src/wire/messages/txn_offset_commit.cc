#include "wire/messages/txn_offset_commit.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<TxnOffsetCommitRequest>;
template struct Codec<TxnOffsetCommitResponse>;

}  // namespace millrace::wire
