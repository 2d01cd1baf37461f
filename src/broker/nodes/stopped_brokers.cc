#include "broker/nodes/stopped_brokers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "wire/error_codes.h"

namespace millrace::broker {

namespace {

Error invalid_list(std::string text) {
  return wire::make_error(wire::KafkaError::kInvalidConfig,
                          fmt::format("{}: {}", kStoppedBrokers, text));
}

std::string ids_of(const NodeList& nodes) {
  std::vector<std::string> ids;
  for (const Node& node : nodes) ids.push_back(fmt::to_string(node.id));
  return fmt::format("{}", fmt::join(ids, ", "));
}

std::string_view trimmed(std::string_view word) {
  while (word.starts_with(' ')) word.remove_prefix(1);
  while (word.ends_with(' ')) word.remove_suffix(1);
  return word;
}

std::optional<BrokerId> parse_id(std::string_view word) {
  std::int32_t id = 0;
  const auto [stop, failure] = std::from_chars(word.data(), word.data() + word.size(), id);
  if (failure != std::errc{} || stop != word.data() + word.size()) return std::nullopt;
  return BrokerId{id};
}

Result<std::set<BrokerId>> parse_list(const NodeList& nodes, std::string_view list) {
  std::set<BrokerId> ids;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view word = trimmed(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    const auto id = parse_id(word);
    if (!id || find_node(nodes, *id) == nullptr)
      return invalid_list(fmt::format("wanted ids of brokers, of which there are {}, found '{}'",
                                      ids_of(nodes), word));
    ids.insert(*id);
  }
  return ids;
}

}  // namespace

std::string stopped_brokers(const NodeList& nodes) {
  std::string list;
  for (const Node& node : nodes) {
    if (!node.is_running) list += fmt::format("{}{}", list.empty() ? "" : ",", node.id);
  }
  return list;
}

Result<NodeTurns> turns_to(const NodeList& nodes, std::string_view list, BrokerId asked) {
  const auto stopped = parse_list(nodes, list);
  if (!stopped.ok()) return stopped.error();
  if (stopped->size() == nodes.size())
    return invalid_list(
        "wanted one broker to run on, as nobody could start the others again, found all "
        "of them");
  NodeTurns turns{.start = {}, .stop = {}, .asked = asked};
  for (const Node& node : nodes) {
    const bool is_to_run = !stopped->contains(node.id);
    if (is_to_run == node.is_running) continue;
    (is_to_run ? turns.start : turns.stop).push_back(node.id);
  }
  std::stable_partition(turns.stop.begin(), turns.stop.end(),
                        [&](BrokerId node) { return node != asked; });
  return turns;
}

void turn_nodes(NodeSwitch& nodes, NodeTurns turns, NodeSwitch::Done done) {
  using enum NodeSwitch::Tell;
  const bool starts = !turns.start.empty();
  auto& next = starts ? turns.start : turns.stop;
  if (next.empty()) return done({});
  const BrokerId node = next.front();
  next.erase(next.begin());
  const auto tell = node == turns.asked ? kWhenLeadersMoved : kWhenClosed;
  auto go_on = [&nodes, turns = std::move(turns), done = std::move(done)](Status status) {
    if (!status.ok()) return done(std::move(status));
    turn_nodes(nodes, turns, done);
  };
  if (starts) return nodes.start(node, std::move(go_on));
  nodes.stop(node, std::move(go_on), tell);
}

}  // namespace millrace::broker
