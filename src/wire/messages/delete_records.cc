#include "wire/messages/delete_records.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<DeleteRecordsRequest>;
template struct Codec<DeleteRecordsResponse>;

}  // namespace millrace::wire
