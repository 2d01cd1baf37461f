// How far an application is behind what its topics hold.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/admin.h"
#include "model/topic_partition.h"

namespace millrace::streams {

/// Records in `partitions` that the group has not committed yet. Zero proves that everything
/// written before the call has been processed and committed, repartition topics among `partitions`
/// included: the commits are read before the ends, and a commit comes after the records it caused.
Result<std::int64_t> uncommitted_records(client::Admin& admin,
                                         const std::vector<TopicPartition>& partitions,
                                         const std::string& group_id);

}  // namespace millrace::streams
