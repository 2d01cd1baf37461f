// ConsumerGroup: the members of one group of KIP-848, what each has, and what each is to have.
//
// The group's epoch rises when members, subscriptions or topics change. A target assignment is
// dealt for that epoch, and each member goes there at its own pace: its epoch is the group's when
// it has arrived. Nobody waits for anybody but for the partitions that it gets.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/time.h"
#include "broker/coordination/coordinator_types.h"
#include "broker/groups/consumer/consumer_member.h"
#include "broker/groups/consumer/topic_id_partition.h"

namespace millrace::broker {

enum class ConsumerGroupState : std::uint8_t { kEmpty, kAssigning, kReconciling, kStable };

/// As Kafka's tools print it: "Reconciling".
std::string_view consumer_group_state_name(ConsumerGroupState state);

/// What of a group is to be written to the log: members by their ids, whether they are there or
/// not.
struct UnwrittenOfGroup {
  bool epoch = false;
  bool assignment_epoch = false;
  bool classic_group = false;  // one of that name, which is no more
  std::set<std::string> members;
  std::set<std::string> targets;
  std::set<std::string> assignments;
  std::set<std::string> regexes;

  bool empty() const {
    return !epoch && !assignment_epoch && !classic_group && members.empty() && targets.empty() &&
           assignments.empty() && regexes.empty();
  }
  void merge(const UnwrittenOfGroup& other);
  void add_all_of(const std::string& member_id);
};

/// The topics that a regular expression stands for.
struct ResolvedRegex {
  std::set<std::string> topics;
  std::uint64_t topics_version = 0;  // of the picture that it was resolved with; 0 is none
  Timestamp resolved_at = kNoTimestamp;
};

/// Invariants
///   A partition has one owner at most: it is among the assigned of one member, or among what one
///   member has yet to give up.
///   assignment_epoch() <= epoch(), and no member's epoch is above assignment_epoch().
///   Every change is noted in `unwritten` until it is on its way to the log.
class ConsumerGroup {
 public:
  using Members = std::map<std::string, ConsumerMember, std::less<>>;
  using Regexes = std::map<std::string, ResolvedRegex, std::less<>>;

  explicit ConsumerGroup(std::string id) : id_(std::move(id)) {}

  const std::string& id() const { return id_; }
  std::int32_t epoch() const { return epoch_; }
  /// Of the target assignment.
  std::int32_t assignment_epoch() const { return assignment_epoch_; }
  /// Of the topics that the group is subscribed to, as of its epoch.
  std::int64_t metadata_hash() const { return metadata_hash_; }
  ConsumerGroupState state() const;

  const Members& members() const { return members_; }
  bool is_empty() const { return members_.empty(); }
  /// Null when there is none.
  const ConsumerMember* find(std::string_view member_id) const;
  const ConsumerMember* find_static(std::string_view instance_id) const;
  /// Null when nobody has the partition, or is still to give it up.
  const std::string* owner(const TopicIdPartition& partition) const;
  /// What the member is to have; empty when it has no target yet.
  const Partitions& target(std::string_view member_id) const;
  const Regexes& regexes() const { return regexes_; }
  /// Whether some member has that expression.
  bool uses_regex(std::string_view regex) const;
  bool is_subscribed_to(const std::string& topic) const;
  /// The assignor that most members ask for; `otherwise` when none does.
  std::string preferred_assignor(const std::string& otherwise) const;

  /// Adds the member, or replaces the one of its id.
  void put(ConsumerMember member);
  void remove(std::string_view member_id);
  /// Gives the place of a static member to another member id.
  void replace(std::string_view old_member_id, ConsumerMember member);
  void set_target(const std::string& member_id, Partitions target);
  void set_regex(const std::string& regex, ResolvedRegex resolved);
  void remove_regex(const std::string& regex);
  /// Begins where a classic group was.
  void begin_at(std::int32_t generation);
  /// Counts the epoch up: a new target is to be dealt.
  void bump_epoch(std::int64_t metadata_hash);
  void finish_target();

  // ---- what the log said, at start ----

  /// Records come in any order; only finish_restore() makes a group of them.
  struct Restored {
    std::optional<std::int32_t> epoch;
    std::int64_t metadata_hash = 0;
    std::int32_t assignment_epoch = 0;
    Members members;              // both kinds of records of a member write into one
    std::set<std::string> known;  // of which there is a record of what it said of itself
    std::map<std::string, Partitions, std::less<>> targets;
    Regexes regexes;
  };
  Restored& restored() { return restored_; }
  /// False when there is no group in what was restored.
  bool finish_restore();

  UnwrittenOfGroup unwritten;
  /// Appends that the log refused; who waits for one that began before is told so.
  std::uint64_t failed_appends = 0;
  /// The last append on its way to the log.
  AppendId last_append{};
  /// Of the picture of topics that metadata_hash() was computed from; 0 is none.
  std::uint64_t topics_version = 0;

 private:
  void release(const ConsumerMember& member);
  void own(const ConsumerMember& member);
  void put_without_note(ConsumerMember member);

  std::string id_;
  std::int32_t epoch_ = 0;
  std::int32_t assignment_epoch_ = 0;
  std::int64_t metadata_hash_ = 0;
  Members members_;
  std::map<std::string, std::string, std::less<>> static_members_;  // instance id → member id
  std::map<TopicIdPartition, std::string> owners_;
  std::map<std::string, Partitions, std::less<>> targets_;
  Regexes regexes_;
  Restored restored_;
};

}  // namespace millrace::broker
