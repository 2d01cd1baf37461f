// ConsumerMember: one member of a consumer group (KIP-848), as the coordinator knows it.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "broker/groups/consumer/topic_id_partition.h"
#include "broker/groups/coordinator/member.h"

namespace millrace::broker {

/// How far a member has come to its target. Numbers as in records.
enum class MemberState : std::int8_t {
  kStable = 0,               // it has its target, as of its epoch
  kUnrevokedPartitions = 1,  // it has something to give up first
  kUnreleasedPartitions = 2  // others have yet to give up what it is to get
};

/// What of a member speaks the classic protocol, in a group that is being migrated.
struct ClassicMembership {
  Millis session_timeout{};
  std::vector<MemberProtocol> protocols;  // the most wanted first

  bool operator==(const ClassicMembership&) const = default;
};

/// Of a static member that went away for a while.
inline constexpr std::int32_t kStaticLeaveEpoch = -2;
/// Of a member that leaves for good.
inline constexpr std::int32_t kLeaveEpoch = -1;

struct ConsumerMember {
  std::string id;
  std::optional<std::string> instance_id;
  std::optional<std::string> rack_id;
  std::string client_id;
  std::string client_host;
  Millis rebalance_timeout{};
  std::set<std::string> topics;  // subscribed by name
  std::string regex;             // and by expression; empty when by none
  std::optional<std::string> assignor;
  std::optional<ClassicMembership> classic;

  std::int32_t epoch = 0;
  std::int32_t previous_epoch = -1;  // in case the answer that told the new one was lost
  MemberState state = MemberState::kStable;
  OwnedPartitions assigned;
  OwnedPartitions to_revoke;  // it may still read from these; nobody else gets them

  bool is_static() const { return instance_id.has_value(); }
  bool is_reconciled_to(std::int32_t target_epoch) const {
    return state == MemberState::kStable && epoch == target_epoch;
  }
  bool operator==(const ConsumerMember&) const = default;
};

}  // namespace millrace::broker
