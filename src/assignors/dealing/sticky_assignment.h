// The dealing behind both sticky assignors: even, and with as few moves as evenness allows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "assignors/assignor.h"
#include "base/result.h"

namespace millrace::assignors {

/// Keeps with each member what it owns (of two that claim a partition, the one with the later
/// generation), gives the rest to those who have least, then moves partitions from members with
/// more to members with at least two fewer.
/// cost  partitions times members
GroupAssignment assign_sticky(const PartitionCounts& counts,
                              const std::vector<MemberSubscription>& members);

/// What the eager sticky assignor tells the group about the last round.
struct StickyUserData {
  std::vector<TopicPartition> partitions;
  std::int32_t generation = -1;
};

/// Layout as the Java client's: array of (topic, array of partition), then the generation.
std::string encode_sticky_user_data(const StickyUserData& data);
/// errors  kTruncated, kCorrupt; the earliest form, without a generation, gives generation -1
Result<StickyUserData> decode_sticky_user_data(std::string_view bytes);

}  // namespace millrace::assignors
