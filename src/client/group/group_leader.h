// GroupLeader: what a member does because it leads its group: it knows what the members want, deals
// the partitions, and watches whether there are others by now. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/assignor.h"
#include "client/group/offered_assignor.h"
#include "wire/messages/join_group.h"
#include "wire/messages/sync_group.h"

namespace millrace::client {

/// Of one generation: begins with take_members(), ends with resign().
class GroupLeader {
 public:
  using Shares = std::vector<wire::SyncGroupRequest::SyncGroupRequestAssignment>;

  /// Who is in the group, and what they want. A member whose subscription cannot be read is said
  /// to, and gets nothing.
  void take_members(const wire::JoinGroupResponse& answer);
  /// Deals by these counts.
  /// errors  kThrown of the assignor
  Result<Shares> deal(const OfferedAssignor& offered, PartitionCounts counts);
  /// Whether the partitions are others than those that were dealt. A leader that dealt nothing, as
  /// one that came back to what was dealt before, takes the first counts it sees for those.
  bool are_outdated_by(const PartitionCounts& counts);
  void resign();

  /// Of the whole group, existing or not; sorted.
  const std::vector<std::string>& topics() const { return topics_; }

 private:
  std::vector<MemberSubscription> members_;
  std::vector<std::string> topics_;
  std::optional<PartitionCounts> dealt_counts_;
};

/// "assign of the assignor NAME": what is called, for errors.
std::string in_assignor(const OfferedAssignor& offered, std::string_view function);

}  // namespace millrace::client
