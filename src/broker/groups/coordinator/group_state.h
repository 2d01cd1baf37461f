// Group: the members of one consumer group and the state machine they go through together.
//
//            first member joins                   all have joined, or time is up
//   kEmpty ───────────────────► kPreparingRebalance ───────────────────► kCompletingRebalance
//     ▲                            ▲      │  ▲                                   │ the leader's
//     └── nobody is left ──────────┼──────┘  └── a join, a leave, a death ───────┤ assignment is
//                                  └───────────────────────────────── kStable ◄──┘ in the log
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "broker/groups/coordinator/member.h"
#include "wire/error_codes.h"

namespace millrace::broker {

/// Kafka's fifth state, Dead, is a group that is no longer in the table.
enum class GroupState : std::uint8_t { kEmpty, kPreparingRebalance, kCompletingRebalance, kStable };

/// As Kafka's tools print it: "PreparingRebalance".
std::string_view group_state_name(GroupState state);

inline constexpr std::string_view kConsumerProtocolType = "consumer";

/// Invariants
///   Every member has the group's protocol type, and some protocol is known to all members.
///   leader() is a member whenever there are members.
///   A member id is a member's or pending, never both.
class Group {
 public:
  using Members = std::map<std::string, Member, std::less<>>;

  explicit Group(std::string id) : id_(std::move(id)) {}

  const std::string& id() const { return id_; }
  GroupState state() const { return state_; }
  bool is_in(GroupState state) const { return state_ == state; }
  /// When the group came into its state; the retention of an empty group's offsets counts from it.
  Timestamp state_since() const { return state_since_; }
  std::int32_t generation() const { return generation_; }
  /// Empty string while there is no member.
  const std::string& leader() const { return leader_; }
  /// Nothing for a group that only stores offsets.
  const std::optional<std::string>& protocol_type() const { return protocol_type_; }
  const std::optional<std::string>& protocol_name() const { return protocol_name_; }

  const Members& members() const { return members_; }
  Members& members() { return members_; }
  Member* find(std::string_view member_id);
  bool is_leader(std::string_view member_id) const;
  bool is_pending(std::string_view member_id) const { return pending_.contains(member_id); }
  bool has_pending() const { return !pending_.empty(); }
  void add_pending(std::string member_id) { pending_.insert(std::move(member_id)); }
  /// Null when no static member goes by that name.
  const std::string* static_member_id(std::string_view instance_id) const;
  /// kNone when the ids name a member; else UNKNOWN_MEMBER_ID or FENCED_INSTANCE_ID.
  wire::KafkaError check_member(std::string_view member_id,
                                const std::optional<std::string>& instance_id) const;

  /// Adds a member, which leads when it is the first. Its protocols must be supported.
  Member& add(Member member);
  /// Removes a member or a pending one; another member leads when the leader goes.
  void remove(std::string_view member_id);
  /// Gives the place of the static member to a new member id. What the old one waits for must be
  /// answered before.
  Member& rename_static(std::string_view instance_id, std::string new_member_id);

  /// Whether a member of that type and with those protocols could be in this group.
  bool supports(std::string_view protocol_type, std::span<const MemberProtocol> protocols) const;
  /// The protocol with most votes among those that all members know. Each member votes for the one
  /// it lists first; a tie goes to the wish of the leader. There must be members.
  std::string select_protocol() const;

  bool can_rebalance() const { return state_ != GroupState::kPreparingRebalance; }
  bool all_have_joined() const;
  bool all_have_synced() const;
  std::size_t awaiting_join_count() const;
  /// Makes a member that has rejoined the leader. False when there is none.
  bool elect_joined_leader();
  /// The longest of the members'.
  Millis rebalance_timeout() const;

  void move_to(GroupState state, Timestamp now);
  /// Counts the generation up, selects its protocol, and goes on to kCompletingRebalance, or to
  /// kEmpty when nobody is left.
  void begin_generation(Timestamp now);

  /// Whether its consumers are subscribed to `topic`. Yes when that cannot be known, no in a group
  /// of another protocol type.
  bool is_subscribed_to(const std::string& topic) const;
  bool knows_subscriptions() const { return subscribed_topics_.has_value(); }

  /// What the log said of the group's members, at start.
  struct Restored {
    std::int32_t generation;
    std::string protocol_type;
    std::optional<std::string> protocol_name;
    std::string leader;
    Timestamp state_since;
    std::vector<Member> members;
  };
  /// Takes that over: kStable with members, kEmpty without. False, and nothing changes, when it
  /// breaks the invariants above.
  bool restore(Restored restored);

  /// How the first rebalance of an empty group waits for more members.
  struct InitialDelay {
    Millis left{};
    bool somebody_came = false;
  };
  InitialDelay initial_delay;
  /// Whether the rebalance under way began in an empty group, and so ends by its delay only.
  bool is_initial_rebalance = false;
  /// Whether the log has a record of the group, or is about to.
  bool is_logged = false;

 private:
  void refresh_subscriptions();

  const std::string id_;
  GroupState state_ = GroupState::kEmpty;
  Timestamp state_since_ = kNoTimestamp;
  std::int32_t generation_ = 0;
  std::string leader_;
  std::optional<std::string> protocol_type_;
  std::optional<std::string> protocol_name_;
  Members members_;
  std::set<std::string, std::less<>> pending_;  // ids given out, not yet used to join
  std::map<std::string, std::string, std::less<>> static_members_;  // instance id → member id
  std::optional<std::set<std::string>> subscribed_topics_;
};

}  // namespace millrace::broker
