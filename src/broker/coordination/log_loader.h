// Reading a coordinator's log back at start.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "broker/coordination/coordinator_log.h"
#include "wire/batch_header.h"

namespace millrace::broker {

/// Takes over one record with the batch that it stands in.
using ReplayRecord =
    std::function<Status(PartitionId partition, const wire::BatchHeader& batch,
                         std::string_view key, std::optional<std::string_view> value)>;

/// Shows `replay` every record that has a key, partition by partition, in the order of the log.
/// errors  what reading meets, kCorrupt when the bytes are not batches; a batch that does not
///         decode, or a record that `replay` refuses, is logged and skipped
Status load_log(CoordinatorLog& log, const ReplayRecord& replay);

}  // namespace millrace::broker
