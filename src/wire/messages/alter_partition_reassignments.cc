#include "wire/messages/alter_partition_reassignments.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<AlterPartitionReassignmentsRequest>;
template struct Codec<AlterPartitionReassignmentsResponse>;

}  // namespace millrace::wire
