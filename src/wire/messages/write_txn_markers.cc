#include "wire/messages/write_txn_markers.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<WriteTxnMarkersRequest>;
template struct Codec<WriteTxnMarkersResponse>;

}  // namespace millrace::wire
