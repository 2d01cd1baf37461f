#include "tests/simulation/nemesis.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "client/admin.h"

namespace millrace::simulation {
namespace {

constexpr std::string_view kLongFlush = "a flush takes long";
constexpr std::string_view kLostAnswer = "a connection breaks before its answer leaves";

}  // namespace

Millis Nemesis::up_to(std::int64_t limit_ms) {
  return Millis{
      static_cast<std::int64_t>(run_.random().below(static_cast<std::uint64_t>(limit_ms)))};
}

std::vector<Nemesis::Deed> Nemesis::deeds() const {
  const Scenario& scenario = run_.scenario;
  std::vector<Deed> allowed;
  const auto allow = [&](bool is_allowed, Deed deed) {
    if (is_allowed) allowed.push_back(deed);
  };
  allow(scenario.kills_brokers, &Nemesis::kill_broker);
  allow(scenario.cuts_power, &Nemesis::cut_power);
  allow(scenario.restarts_cleanly, &Nemesis::restart_broker);
  allow(scenario.isolates_hosts, &Nemesis::isolate_a_host);
  allow(scenario.breaks_connections, &Nemesis::break_connections);
  allow(scenario.breaks_connections, &Nemesis::trouble_network);
  allow(scenario.fills_disks, &Nemesis::fill_disk);
  allow(scenario.moves_clocks, &Nemesis::move_clock);
  allow(scenario.crashes_consumers, &Nemesis::crash_consumer);
  allow(scenario.stalls_consumers, &Nemesis::stall_consumer);
  allow(scenario.stops_nodes, &Nemesis::turn_node);
  allow(scenario.loses_answers, &Nemesis::lose_answers);
  allow(scenario.moves_leaders, &Nemesis::move_leaders);
  allow(scenario.crashes_streams && victims_.streams != nullptr, &Nemesis::crash_streams);
  return allowed;
}

void Nemesis::rage() {
  const auto allowed = deeds();
  const MonotonicTime end = run_.world.scheduler().now() + run_.scenario.duration;
  while (run_.world.scheduler().now() < end && !run_.has_failed()) {
    run_.sleep(up_to(run_.scenario.trouble_pause.count()) + Millis{1});
    if (!allowed.empty()) {
      const Deed deed = allowed[static_cast<std::size_t>(run_.random().below(allowed.size()))];
      (this->*deed)();
    }
    if (victims_.streams != nullptr) victims_.streams->restart_if_failed();
  }
  heal();
}

void Nemesis::down_for_a_while() {
  run_.sleep(run_.random().chance(0.2) ? up_to(30'000) : up_to(2'000));
  victims_.broker.start();
}

void Nemesis::kill_broker() {
  victims_.broker.crash(sim::SimNetwork::Kernel::kLivesOn);
  down_for_a_while();
}

void Nemesis::cut_power() {
  // Most syncs are over at once, and nothing is left that could be lost.
  const bool syncs = !run_.is_sabotaged_by(Sabotage::kBrokerNeverSyncs);
  if (syncs && victims_.faults != nullptr && run_.random().chance(0.5)) {
    run_.history.did("the broker's disk is slow to sync");
    victims_.faults->hold(kLongFlush);
    run_.sleep(up_to(3'000));
    victims_.faults->let_go(kLongFlush);
  }
  victims_.broker.crash(sim::SimNetwork::Kernel::kDies);
  down_for_a_while();
}

void Nemesis::restart_broker() {
  victims_.broker.stop_cleanly();
  down_for_a_while();
}

std::string Nemesis::any_host() {
  std::vector<std::string> hosts{kBrokerHost};
  for (int number = 0; number < run_.scenario.producers; ++number) {
    hosts.push_back(fmt::format("producer-{}", number));
  }
  for (const ConsumerActor* const consumer : victims_.living) hosts.push_back(consumer->name());
  return hosts[static_cast<std::size_t>(run_.random().below(hosts.size()))];
}

void Nemesis::isolate_a_host() {
  const std::string host = any_host();
  run_.history.did(host + " is cut off");
  run_.world.network().isolate(host);
  run_.sleep(run_.random().chance(0.3) ? up_to(40'000) : up_to(5'000));
  run_.world.network().heal(host);
  run_.history.did(host + " is back");
}

void Nemesis::break_connections() {
  const std::string host = any_host();
  run_.history.did("all connections of " + host + " break");
  run_.world.network().reset_connections(host);
}

void Nemesis::trouble_network() {
  sim::SimNetworkOptions& options = run_.world.network().options();
  run_.history.did("the network is bad");
  options.frame_reset_chance = 0.02 * run_.random().unit();
  options.connect_lost_chance = 0.3 * run_.random().unit();
  options.half_open_chance = 0.5;
  options.latency_max = std::chrono::milliseconds{1 + run_.random().below(400)};
  run_.sleep(up_to(15'000));
  options = {};
  run_.history.did("the network is good");
}

/// What was asked for is done, and nobody hears of it.
void Nemesis::lose_answers() {
  run_.history.did("answers are lost");
  victims_.faults->hold(kLostAnswer);
  run_.sleep(up_to(3'000));
  victims_.faults->let_go(kLostAnswer);
  run_.history.did("answers arrive");
}

void Nemesis::fill_disk() {
  sim::SimFileSystem& disk = run_.world.host(kBrokerHost).disk();
  const bool is_short = run_.random().chance(0.5);
  run_.history.did("the broker's disk is full");
  disk.fail_from(1, is_short ? sim::Fault::kShortWrite : sim::Fault::kDiskFull);
  run_.sleep(up_to(10'000));
  disk.clear_fault();
  run_.history.did("the broker's disk has room");
}

void Nemesis::move_clock() {
  const Millis by = up_to(7'200'000) - Millis{3'600'000};
  run_.history.did(fmt::format("the clocks move by {} ms", by.count()));
  run_.world.scheduler().clock().shift_wall(by);
}

void Nemesis::crash_consumer() {
  if (victims_.living.empty()) return;
  const auto index = static_cast<std::ptrdiff_t>(run_.random().below(victims_.living.size()));
  victims_.living[static_cast<std::size_t>(index)]->crash();
  victims_.living.erase(victims_.living.begin() + index);
  run_.sleep(up_to(10'000));
  victims_.consumers.push_back(
      std::make_unique<ConsumerActor>(run_, fmt::format("consumer-again-{}", consumer_lives_++)));
  victims_.living.push_back(victims_.consumers.back().get());
  run_.history.did(victims_.living.back()->name() + " takes its place");
}

void Nemesis::stall_consumer() {
  if (victims_.living.empty()) return;
  ConsumerActor& victim =
      *victims_.living[static_cast<std::size_t>(run_.random().below(victims_.living.size()))];
  const Millis duration = up_to(40'000);
  run_.history.did(fmt::format("{} stalls for {} ms", victim.name(), duration.count()));
  victim.stall(duration);
}

void Nemesis::crash_streams() {
  victims_.streams->crash();
  run_.sleep(up_to(5'000));
  victims_.streams->start();
}

BrokerId Nemesis::any_node() {
  const auto count = static_cast<std::uint64_t>(run_.scenario.brokers);
  return BrokerId{static_cast<std::int32_t>(1 + run_.random().below(count))};
}

void Nemesis::turn_node() {
  victims_.broker.turn_node(any_node());
}

/// A partition of some topic goes to other brokers, or all go back to those that were to lead them.
void Nemesis::move_leaders() {
  auto admin = client::Admin::create({{"bootstrap.servers", run_.bootstrap()},
                                      {"request.timeout.ms", "2000"},
                                      {"default.api.timeout.ms", "4000"}},
                                     &run_.world.host("director"));
  if (!admin.ok()) return run_.history.violated(admin.error().to_string());
  if (run_.random().chance(0.3)) {
    const auto elected = admin->elect_leaders(client::ElectionType::kPreferred, std::nullopt);
    return run_.history.did(fmt::format(
        "all partitions are to be led by those that were first meant to: {}",
        elected.ok() ? fmt::format("{} move", elected->size()) : elected.error().to_string()));
  }
  const TopicPartition moved = any_partition();
  std::vector<BrokerId> replicas{any_node()};
  if (const BrokerId other = any_node(); other != replicas.front()) replicas.push_back(other);
  const auto begun = admin->alter_partition_reassignments({{moved, replicas}});
  run_.history.did(fmt::format("{} moves to node {}{}", moved, replicas.front(),
                               begun.ok() ? "" : ", or not: " + begun.error().to_string()));
}

/// Also of the topics by which the coordinators of groups and transactions are found.
TopicPartition Nemesis::any_partition() {
  const std::array topics{kInputTopic, kCountTopic,          kTransferTopic,
                          kCopyTopic,  "__consumer_offsets", "__transaction_state"};
  const std::size_t index = run_.random().below(topics.size());
  constexpr std::int32_t kCoordinatorPartitions = 4;
  const std::int32_t count = index < 4 ? run_.scenario.partitions : kCoordinatorPartitions;
  const auto id = static_cast<std::int32_t>(run_.random().below(static_cast<std::uint64_t>(count)));
  return {topics[index], PartitionId{id}};
}

void Nemesis::heal() {
  run_.world.network().options() = {};
  if (victims_.broker.is_up()) {
    // A log whose sync failed serves no more until it is opened again.
    victims_.broker.stop_cleanly();
  }
  run_.world.host(kBrokerHost).disk().clear_fault();
  victims_.broker.start();
  run_.history.did("all is healed");
}

}  // namespace millrace::simulation
