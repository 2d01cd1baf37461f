// DescribeLogDirs, versions 1–5.
//   One directory, with the sizes of the partitions that have a replica on the node that is asked:
//   all of them when null is asked for. Several nodes of a process show the same files. Nothing
//   lags and nothing moves between directories, as there is one copy and one directory.
//   The size of the file system, and what a process without privileges may use of it (KIP-827), are
//   -1 where the operating system does not tell.
// Version notes: v3 has an error of its own; v4 shows the file system; v5 says whether a directory
// is cordoned (KIP-1066): never.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "broker/handlers/handlers.h"
#include "broker/handlers/replies.h"
#include "broker/topics/topic_catalogue.h"
#include "wire/messages/describe_log_dirs.h"

namespace millrace::broker {

namespace {

using wire::DescribeLogDirsRequest;
using wire::DescribeLogDirsResponse;

std::string absolute_path(const std::string& path) {
  std::error_code failure;
  const auto absolute = std::filesystem::absolute(path, failure);
  return failure ? path : absolute.lexically_normal().string();
}

/// The largest number where it is more.
std::int64_t as_long(std::uintmax_t bytes) {
  return static_cast<std::int64_t>(std::min<std::uintmax_t>(bytes, INT64_MAX));
}

void show_file_system(DescribeLogDirsResponse::DescribeLogDirsResult& directory) {
  std::error_code failure;
  const auto space = std::filesystem::space(directory.log_dir, failure);
  if (failure) return;
  directory.total_bytes = as_long(space.capacity);
  directory.usable_bytes = as_long(space.available);
}

/// Nothing: everything is wanted.
using WantedLogs = std::optional<std::set<TopicPartition>>;

WantedLogs wanted_logs(const DescribeLogDirsRequest& request) {
  if (!request.topics) return std::nullopt;
  std::set<TopicPartition> wanted;
  for (const auto& topic : *request.topics) {
    for (const std::int32_t index : topic.partitions)
      wanted.insert({topic.topic, PartitionId{index}});
  }
  return wanted;
}

DescribeLogDirsResponse::DescribeLogDirsTopic describe_logs(const Topic& topic,
                                                            const WantedLogs& wanted,
                                                            BrokerId node) {
  DescribeLogDirsResponse::DescribeLogDirsTopic described;
  described.name = topic.name;
  for (const auto& partition : topic.partitions) {
    if (wanted && !wanted->contains(partition->name())) continue;
    if (!partition->placement().has_replica_on(node)) continue;
    auto& log = described.partitions.emplace_back();
    log.partition_index = partition->name().partition.value();
    log.partition_size = static_cast<std::int64_t>(partition->log().size_bytes());
    log.offset_lag =
        std::max<std::int64_t>(0, partition->log().log_end_offset() - partition->high_watermark());
  }
  return described;
}

}  // namespace

DescribeLogDirsResponse handle_describe_log_dirs(DescribeLogDirsRequest request,
                                                 const RequestContext& context,
                                                 BrokerState& state) {
  const WantedLogs wanted = wanted_logs(request);
  DescribeLogDirsResponse response;
  auto& directory = response.results.emplace_back();
  directory.log_dir = absolute_path(state.config.data_directory);
  show_file_system(directory);
  const auto topics = state.topics.table();
  for (const auto& [name, topic] : topics->by_name()) {
    auto described = describe_logs(*topic, wanted, context.node);
    if (!described.partitions.empty()) directory.topics.push_back(std::move(described));
  }
  return response;
}

}  // namespace millrace::broker
