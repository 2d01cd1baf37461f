#include "streams/runtime/progress.h"

#include <algorithm>
#include <map>

namespace millrace::streams {
namespace {

Result<std::map<TopicPartition, Offset>> ends_of(client::Admin& admin,
                                                 const std::vector<TopicPartition>& partitions,
                                                 client::OffsetSpec spec) {
  std::map<TopicPartition, client::OffsetSpec> asked;
  for (const TopicPartition& partition : partitions) asked.emplace(partition, spec);
  auto listed = admin.list_offsets(asked);
  if (!listed.ok()) return std::move(listed).error();
  std::map<TopicPartition, Offset> ends;
  for (const auto& [partition, outcome] : *listed) {
    if (!outcome.ok()) return outcome.error();
    ends[partition] = outcome->offset;
  }
  return ends;
}

}  // namespace

Result<std::int64_t> uncommitted_records(client::Admin& admin,
                                         const std::vector<TopicPartition>& partitions,
                                         const std::string& group_id) {
  const auto committed = admin.list_group_offsets(group_id);
  if (!committed.ok()) return committed.error();
  const auto begins = ends_of(admin, partitions, client::OffsetSpec::earliest());
  if (!begins.ok()) return begins.error();
  const auto ends = ends_of(admin, partitions, client::OffsetSpec::latest());
  if (!ends.ok()) return ends.error();

  std::int64_t left = 0;
  for (const TopicPartition& partition : partitions) {
    Offset reached = begins->at(partition);
    if (const auto found = committed->find(partition); found != committed->end()) {
      reached = std::max(reached, found->second.offset);
    }
    left += std::max<std::int64_t>(0, ends->at(partition) - reached);
  }
  return left;
}

}  // namespace millrace::streams
