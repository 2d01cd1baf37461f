#include "broker/topics/placement.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string_view>
#include <utility>

namespace millrace::broker {

namespace {

bool is_in(const std::vector<BrokerId>& nodes, BrokerId node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

std::vector<BrokerId> those_in(const std::vector<BrokerId>& nodes,
                               const std::vector<BrokerId>& other) {
  std::vector<BrokerId> both;
  std::copy_if(nodes.begin(), nodes.end(), std::back_inserter(both),
               [&](BrokerId node) { return is_in(other, node); });
  return both;
}

/// One node of each rack, then the next of each: neighbours in the round are in different racks.
std::vector<BrokerId> by_turns_of_racks(const NodeList& nodes) {
  std::map<std::string_view, std::vector<BrokerId>> racks;
  std::size_t largest = 0;
  for (const Node& node : nodes) {
    auto& rack = racks[node.rack];
    rack.push_back(node.id);
    largest = std::max(largest, rack.size());
  }
  std::vector<BrokerId> round;
  for (std::size_t turn = 0; turn < largest; ++turn) {
    for (const auto& [name, ids] : racks) {
      if (turn < ids.size()) round.push_back(ids[turn]);
    }
  }
  return round;
}

std::optional<Placement> if_changed(const Placement& before, Placement after) {
  if (after == before) return std::nullopt;
  if (after.leadership.leader != before.leadership.leader)
    after.leadership.epoch = LeaderEpoch{before.leadership.epoch.value() + 1};
  ++after.version;
  return after;
}

}  // namespace

bool Placement::has_replica_on(BrokerId node) const {
  return is_in(replicas, node);
}

Placement place_on(std::vector<BrokerId> replicas, const Running& running) {
  Placement placement;
  placement.in_sync = those_in(replicas, running);
  placement.leadership.leader = placement.in_sync.empty() ? kNoLeader : placement.in_sync.front();
  placement.leadership.epoch = LeaderEpoch{0};
  placement.replicas = std::move(replicas);
  return placement;
}

std::vector<Placement> place_round(const NodeList& nodes, std::int32_t count, std::int16_t factor,
                                   std::size_t start) {
  const std::vector<BrokerId> round = by_turns_of_racks(nodes);
  std::vector<Placement> placements;
  placements.reserve(static_cast<std::size_t>(count));
  for (std::size_t index = 0; index < static_cast<std::size_t>(count); ++index) {
    std::vector<BrokerId> replicas;
    for (std::size_t next = 0; next < static_cast<std::size_t>(factor); ++next)
      replicas.push_back(round[(start + index + next) % round.size()]);
    placements.push_back(place_on(std::move(replicas), round));
  }
  return placements;
}

std::optional<Placement> without_node(const Placement& placement, BrokerId node,
                                      const Running& running) {
  Placement after = placement;
  const auto stay = those_in(placement.in_sync, running);
  if (!stay.empty()) after.in_sync = stay;
  if (placement.leadership.leader == node)
    after.leadership.leader = stay.empty() ? kNoLeader : stay.front();
  return if_changed(placement, std::move(after));
}

std::optional<Placement> with_node(const Placement& placement, BrokerId node,
                                   const Running& running) {
  if (!placement.has_replica_on(node)) return std::nullopt;
  Placement after = placement;
  const bool is_led = placement.leadership.leader != kNoLeader;
  // Without a leader only who was in sync may lead; with one, everybody catches up at once.
  if (!is_led && !is_in(placement.in_sync, node)) return std::nullopt;
  if (!is_led) after.leadership.leader = node;
  after.in_sync = those_in(placement.replicas, running);
  return if_changed(placement, std::move(after));
}

Elected elect(const Placement& placement, Election election, const Running& running) {
  using wire::KafkaError;
  const bool is_preferred = election == Election::kPreferred;
  const BrokerId leader = placement.leadership.leader;
  const bool has_what_is_wanted =
      is_preferred ? !placement.replicas.empty() && leader == placement.replicas.front()
                   : leader != kNoLeader;
  if (has_what_is_wanted) return {.error = KafkaError::kElectionNotNeeded};
  Placement after = placement;
  if (is_preferred) {
    const bool may_lead = !placement.replicas.empty() &&
                          is_in(placement.in_sync, placement.replicas.front()) &&
                          is_in(running, placement.replicas.front());
    if (!may_lead) return {.error = KafkaError::kPreferredLeaderNotAvailable};
    after.leadership.leader = placement.replicas.front();
  } else {
    after.in_sync = those_in(placement.replicas, running);
    if (after.in_sync.empty()) return {.error = KafkaError::kEligibleLeadersNotAvailable};
    after.leadership.leader = after.in_sync.front();
  }
  return {.placement = if_changed(placement, std::move(after))};
}

std::optional<Placement> reassigned(const Placement& placement, std::vector<BrokerId> replicas,
                                    const Running& running) {
  Placement after = placement;
  after.in_sync = those_in(replicas, running);
  if (!is_in(after.in_sync, placement.leadership.leader))
    after.leadership.leader = after.in_sync.empty() ? kNoLeader : after.in_sync.front();
  const bool loses_replicas = those_in(placement.replicas, replicas) != placement.replicas;
  after.replicas = std::move(replicas);
  auto changed = if_changed(placement, std::move(after));
  if (changed && loses_replicas)
    changed->leadership.epoch = LeaderEpoch{placement.leadership.epoch.value() + 1};
  return changed;
}

std::optional<Placement> settled_on(const Placement& placement, const Running& running) {
  Placement after = placement;
  after.replicas = those_in(placement.replicas, running);
  // Somebody must have it; the nodes that are gone do not come back in this process.
  if (after.replicas.empty()) {
    const std::int32_t former = placement.replicas.empty() ? 0 : placement.replicas.front().value();
    const auto index = static_cast<std::size_t>(std::max(former, 0)) % running.size();
    after.replicas = {running[index]};
  }
  after.in_sync = after.replicas;
  if (!is_in(after.in_sync, placement.leadership.leader))
    after.leadership.leader = after.in_sync.front();
  return if_changed(placement, std::move(after));
}

}  // namespace millrace::broker
