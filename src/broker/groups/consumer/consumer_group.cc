#include "broker/groups/consumer/consumer_group.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"

namespace millrace::broker {

namespace {

const Partitions kNoPartitions;

}  // namespace

std::string_view consumer_group_state_name(ConsumerGroupState state) {
  switch (state) {
    case ConsumerGroupState::kEmpty:
      return "Empty";
    case ConsumerGroupState::kAssigning:
      return "Assigning";
    case ConsumerGroupState::kReconciling:
      return "Reconciling";
    case ConsumerGroupState::kStable:
      return "Stable";
  }
  return "Unknown";
}

void UnwrittenOfGroup::merge(const UnwrittenOfGroup& other) {
  epoch = epoch || other.epoch;
  assignment_epoch = assignment_epoch || other.assignment_epoch;
  classic_group = classic_group || other.classic_group;
  members.insert(other.members.begin(), other.members.end());
  targets.insert(other.targets.begin(), other.targets.end());
  assignments.insert(other.assignments.begin(), other.assignments.end());
  regexes.insert(other.regexes.begin(), other.regexes.end());
}

void UnwrittenOfGroup::add_all_of(const std::string& member_id) {
  members.insert(member_id);
  targets.insert(member_id);
  assignments.insert(member_id);
}

ConsumerGroupState ConsumerGroup::state() const {
  if (members_.empty()) return ConsumerGroupState::kEmpty;
  if (epoch_ > assignment_epoch_) return ConsumerGroupState::kAssigning;
  const bool all_are_there = std::all_of(members_.begin(), members_.end(), [&](const auto& entry) {
    return entry.second.is_reconciled_to(assignment_epoch_);
  });
  return all_are_there ? ConsumerGroupState::kStable : ConsumerGroupState::kReconciling;
}

const ConsumerMember* ConsumerGroup::find(std::string_view member_id) const {
  const auto found = members_.find(member_id);
  return found == members_.end() ? nullptr : &found->second;
}

const ConsumerMember* ConsumerGroup::find_static(std::string_view instance_id) const {
  const auto found = static_members_.find(instance_id);
  return found == static_members_.end() ? nullptr : find(found->second);
}

const std::string* ConsumerGroup::owner(const TopicIdPartition& partition) const {
  const auto found = owners_.find(partition);
  return found == owners_.end() ? nullptr : &found->second;
}

const Partitions& ConsumerGroup::target(std::string_view member_id) const {
  const auto found = targets_.find(member_id);
  return found == targets_.end() ? kNoPartitions : found->second;
}

bool ConsumerGroup::uses_regex(std::string_view regex) const {
  return std::any_of(members_.begin(), members_.end(),
                     [&](const auto& entry) { return entry.second.regex == regex; });
}

bool ConsumerGroup::is_subscribed_to(const std::string& topic) const {
  const auto names_it = [&](const auto& entry) { return entry.second.topics.contains(topic); };
  return std::any_of(members_.begin(), members_.end(), names_it) ||
         std::any_of(regexes_.begin(), regexes_.end(), names_it);
}

std::string ConsumerGroup::preferred_assignor(const std::string& otherwise) const {
  std::map<std::string_view, std::size_t> votes;
  for (const auto& [id, member] : members_) {
    if (member.assignor) ++votes[*member.assignor];
  }
  const auto most = std::max_element(
      votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == votes.end() ? otherwise : std::string(most->first);
}

void ConsumerGroup::release(const ConsumerMember& member) {
  for (const auto* const partitions : {&member.assigned, &member.to_revoke}) {
    for (const auto& [partition, epoch] : *partitions) owners_.erase(partition);
  }
}

void ConsumerGroup::own(const ConsumerMember& member) {
  for (const auto* const partitions : {&member.assigned, &member.to_revoke}) {
    for (const auto& [partition, epoch] : *partitions) {
      const bool is_first = owners_.emplace(partition, member.id).second;
      CHECK(is_first, "a partition of topic {} would have two owners in group {}",
            partition.topic_id.to_base64(), id_);
    }
  }
}

void ConsumerGroup::put_without_note(ConsumerMember member) {
  const auto found = members_.find(member.id);
  if (found != members_.end()) {
    release(found->second);
    if (found->second.instance_id) static_members_.erase(*found->second.instance_id);
  }
  own(member);
  if (member.instance_id) static_members_[*member.instance_id] = member.id;
  std::string id = member.id;
  members_.insert_or_assign(std::move(id), std::move(member));
}

void ConsumerGroup::put(ConsumerMember member) {
  static const ConsumerMember kNobody;
  const ConsumerMember* const before = find(member.id);
  const ConsumerMember& old = before == nullptr ? kNobody : *before;
  const bool says_the_same =
      before != nullptr && member.instance_id == old.instance_id && member.rack_id == old.rack_id &&
      member.client_id == old.client_id && member.client_host == old.client_host &&
      member.rebalance_timeout == old.rebalance_timeout && member.topics == old.topics &&
      member.regex == old.regex && member.assignor == old.assignor && member.classic == old.classic;
  const bool has_the_same = before != nullptr && member.epoch == old.epoch &&
                            member.previous_epoch == old.previous_epoch &&
                            member.state == old.state && member.assigned == old.assigned &&
                            member.to_revoke == old.to_revoke;
  if (says_the_same && has_the_same) return;
  if (!says_the_same) unwritten.members.insert(member.id);
  if (!has_the_same) unwritten.assignments.insert(member.id);
  put_without_note(std::move(member));
}

void ConsumerGroup::remove(std::string_view member_id) {
  const auto found = members_.find(member_id);
  if (found == members_.end()) return;
  unwritten.add_all_of(found->first);
  release(found->second);
  if (found->second.instance_id) static_members_.erase(*found->second.instance_id);
  if (const auto target = targets_.find(member_id); target != targets_.end()) {
    targets_.erase(target);
  }
  members_.erase(found);
}

void ConsumerGroup::replace(std::string_view old_member_id, ConsumerMember member) {
  Partitions kept = target(old_member_id);
  remove(old_member_id);
  set_target(member.id, std::move(kept));
  put(std::move(member));
}

void ConsumerGroup::set_target(const std::string& member_id, Partitions target) {
  const auto found = targets_.find(member_id);
  if (found != targets_.end() && found->second == target) return;
  targets_.insert_or_assign(member_id, std::move(target));
  unwritten.targets.insert(member_id);
}

void ConsumerGroup::set_regex(const std::string& regex, ResolvedRegex resolved) {
  const auto found = regexes_.find(regex);
  if (found == regexes_.end() || found->second.topics != resolved.topics) {
    unwritten.regexes.insert(regex);
  }
  regexes_.insert_or_assign(regex, std::move(resolved));
}

void ConsumerGroup::remove_regex(const std::string& regex) {
  if (regexes_.erase(regex) > 0) unwritten.regexes.insert(regex);
}

void ConsumerGroup::begin_at(std::int32_t generation) {
  epoch_ = assignment_epoch_ = generation;
  unwritten.epoch = unwritten.assignment_epoch = true;
}

void ConsumerGroup::bump_epoch(std::int64_t metadata_hash) {
  ++epoch_;
  metadata_hash_ = metadata_hash;
  unwritten.epoch = true;
}

void ConsumerGroup::finish_target() {
  assignment_epoch_ = epoch_;
  unwritten.assignment_epoch = true;
}

bool ConsumerGroup::finish_restore() {
  Restored from = std::move(restored_);
  restored_ = {};
  if (!from.epoch || *from.epoch < 0 || *from.epoch == INT32_MAX) return false;
  epoch_ = *from.epoch;
  metadata_hash_ = from.metadata_hash;
  assignment_epoch_ = std::clamp(from.assignment_epoch, 0, epoch_);
  regexes_ = std::move(from.regexes);
  for (auto& [id, member] : from.members) {
    if (!from.known.contains(id)) continue;
    if (member.instance_id && find_static(*member.instance_id) != nullptr) continue;
    // A log that was damaged may give a partition to two members: the first one keeps it.
    member.epoch = std::clamp(member.epoch, kStaticLeaveEpoch, assignment_epoch_);
    const auto is_taken = [&](const auto& item) { return owner(item.first) != nullptr; };
    std::erase_if(member.assigned, is_taken);
    std::erase_if(member.to_revoke, [&](const auto& item) {
      return is_taken(item) || member.assigned.contains(item.first);
    });
    if (const auto target = from.targets.find(id); target != from.targets.end()) {
      targets_.emplace(id, std::move(target->second));
    }
    put_without_note(std::move(member));
  }
  return true;
}

}  // namespace millrace::broker
