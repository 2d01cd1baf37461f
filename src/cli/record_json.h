// A record as one JSON object on a line.
#pragma once

#include <string>

#include "model/record.h"
#include "model/topic_partition.h"

namespace millrace::cli {

/// {"topic", "partition", "offset", "timestamp" (ms since 1970), "key", "value",
/// "headers": [{"name", "value"}]}, and a line end. Bytes that are not UTF-8 are base64, in a field
/// whose name ends in "_base64" ("key_base64", "name_base64"); what is null is null.
/// cost  no memory but that by which `out` grows
void append_as_json(const TopicPartition& partition, const RecordView& record, std::string& out);

}  // namespace millrace::cli
