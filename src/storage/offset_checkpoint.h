// The checkpoint files of a data directory: an offset for each partition.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/ids.h"
#include "model/topic_partition.h"

namespace millrace::storage {

using OffsetsByPartition = std::map<TopicPartition, Offset>;

/// Version 0, count, then "topic partition offset" lines.
std::string encode_offset_checkpoint(const OffsetsByPartition& offsets);
/// errors  kCorrupt, kUnsupported (another version)
Result<OffsetsByPartition> decode_offset_checkpoint(std::string_view text);

}  // namespace millrace::storage
