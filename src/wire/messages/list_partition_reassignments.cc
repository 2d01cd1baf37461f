#include "wire/messages/list_partition_reassignments.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<ListPartitionReassignmentsRequest>;
template struct Codec<ListPartitionReassignmentsResponse>;

}  // namespace millrace::wire
