// OffsetsStore: the committed offsets of all groups, as the log has them. It changes only by what
// is in the log: live, when an append is acknowledged; at start, when it is replayed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/ids.h"
#include "model/offset_and_metadata.h"

namespace millrace::broker {

/// What was committed and when. OffsetCommit v2–4 could also say how long it is to be kept; that is
/// not honoured.
struct CommittedOffset {
  OffsetAndMetadata commit;
  Timestamp committed_at;

  auto operator<=>(const CommittedOffset&) const = default;
};

/// One offset committed, or forgotten (no value).
struct OffsetChange {
  std::string topic;
  std::int32_t partition = 0;
  std::optional<CommittedOffset> value;
};

class OffsetsStore {
 public:
  using ByPartition = std::map<std::int32_t, CommittedOffset>;
  using ByTopic = std::map<std::string, ByPartition, std::less<>>;
  using ByGroup = std::map<std::string, ByTopic, std::less<>>;

  void apply(const std::string& group_id, const OffsetChange& change);
  /// Null when the group has committed nothing.
  const ByTopic* find(std::string_view group_id) const;
  /// Null when there is none.
  const CommittedOffset* find(std::string_view group_id, std::string_view topic,
                              std::int32_t partition) const;
  const ByGroup& by_group() const { return by_group_; }

  /// What makes the store forget all offsets of the group.
  std::vector<OffsetChange> removal_of(std::string_view group_id) const;

  bool operator==(const OffsetsStore&) const = default;

 private:
  ByGroup by_group_;  // no empty maps inside
};

}  // namespace millrace::broker
