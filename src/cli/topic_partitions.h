// Partitions as a command line names them: TOPIC or TOPIC:PARTITION.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/admin.h"
#include "model/topic_partition.h"

namespace millrace::cli {

/// The one that is named; of a topic alone all its partitions. A name of a topic has no colon.
/// errors  kInvalidArgument for a text of another form; Kafka's for a topic that is not there
/// cost    a request where no partition is named
Result<std::set<TopicPartition>> partitions_named(client::Admin& admin, const std::string& text);
/// All that are named.
Result<std::set<TopicPartition>> partitions_named(client::Admin& admin,
                                                  const std::vector<std::string>& texts);

}  // namespace millrace::cli
