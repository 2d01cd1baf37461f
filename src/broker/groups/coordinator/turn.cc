#include "broker/groups/coordinator/turn.h"

#include <utility>

#include "base/check.h"

namespace millrace::broker {

Group* Turn::find_group(std::string_view group_id) {
  const auto found = state.groups.find(group_id);
  return found == state.groups.end() ? nullptr : found->second.get();
}

Group& Turn::find_or_create_group(const std::string& group_id) {
  if (Group* const group = find_group(group_id)) return *group;
  auto group = std::make_unique<Group>(group_id);
  group->move_to(GroupState::kEmpty, now.wall);
  return *state.groups.emplace(group_id, std::move(group)).first->second;
}

ConsumerGroup* Turn::find_consumer_group(std::string_view group_id) {
  const auto found = state.consumer_groups.find(group_id);
  return found == state.consumer_groups.end() ? nullptr : found->second.get();
}

ConsumerGroup& Turn::make_consumer_group(const std::string& group_id) {
  CHECK(find_group(group_id) == nullptr, "there is a classic group {}", group_id);
  auto made = std::make_unique<ConsumerGroup>(group_id);
  const auto [place, is_new] = state.consumer_groups.emplace(group_id, std::move(made));
  CHECK(is_new, "there is a consumer group {}", group_id);
  return *place->second;
}

void Turn::ensure_group(const std::string& group_id) {
  if (find_consumer_group(group_id) == nullptr) find_or_create_group(group_id);
}

void Turn::append(const std::string& group_id, std::vector<LogRecord> records,
                  AppendOutcome outcome, const std::optional<TransactionalProducer>& producer) {
  const AppendId id{++state.last_append_id};
  state.appends.emplace(id, PendingAppend{group_id, std::move(outcome)});
  effects.appends.push_back({id, group_id, now.wall, std::move(records), producer});
}

void Turn::append(const LogMarker& marker, AppendOutcome outcome) {
  const AppendId id{++state.last_append_id};
  state.appends.emplace(id, PendingAppend{{}, std::move(outcome)});
  effects.appends.push_back({.id = id,
                             .owner = {},
                             .timestamp = now.wall,
                             .records = {},
                             .producer = {},
                             .marker = marker});
}

void Turn::expect_heartbeat(const Group& group, const Member& member) {
  expect_heartbeat_within(group, member, member.session_timeout);
}

void Turn::expect_heartbeat_within(const Group& group, const Member& member, Millis timeout) {
  set_timer({TimerKind::kSession, group.id(), member.id}, timeout);
}

}  // namespace millrace::broker
