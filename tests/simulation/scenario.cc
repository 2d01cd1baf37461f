#include "tests/simulation/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace millrace::simulation {
namespace {

// Of all seeds; the trouble that is left to them are clocks, and consumers that stall and die.
constexpr double kExactShare = 0.2;
constexpr Millis kLongSession{45'000};  // Kafka's default

std::int32_t between(Random& random, std::int32_t low, std::int32_t high) {
  return low + static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(high - low + 1)));
}

std::string dealing(const Scenario& scenario, GroupProtocol protocol) {
  if (protocol == GroupProtocol::kConsumer) return "dealt to by the broker";
  const std::string classic = scenario.is_cooperative ? "cooperative" : "eager";
  return protocol == GroupProtocol::kBoth ? classic + " or dealt to by the broker" : classic;
}

std::string fetch_sessions(const Scenario& scenario) {
  if (scenario.fetch_sessions_max == 0) return "any number of";
  return fmt::format("{} (of {} partitions)", scenario.fetch_sessions_max,
                     scenario.fetch_session_partitions_max);
}

}  // namespace

Scenario Scenario::from(Random& random) {
  Scenario made;
  made.partitions = between(random, 1, 6);
  made.broker_loops = between(random, 1, 3);
  made.producers = between(random, 1, 3);
  made.consumers = between(random, 1, 4);
  made.stream_threads = between(random, 0, 2);
  made.is_cooperative = random.chance(0.5);
  made.keys = between(random, 1, 20);
  made.send_pause_max = Millis{between(random, 2, 60)};
  made.linger = Millis{random.chance(0.5) ? 0 : between(random, 1, 50)};
  // Short ones give up on batches while others of the same partition are under way.
  made.delivery_timeout = Millis{random.chance(0.5) ? 60'000 : 12'000};
  const std::array<const char*, 5> codecs{"none", "gzip", "snappy", "lz4", "zstd"};
  made.compression = codecs[static_cast<std::size_t>(random.below(codecs.size()))];
  // The smallest that topics may have, so that segments roll within a run.
  made.segment_bytes = random.chance(0.7) ? 4096 : 1 << 20;
  made.duration = Millis{between(random, 20'000, 90'000)};
  made.trouble_pause = Millis{between(random, 500, 15'000)};
  for (bool Scenario::*kind :
       {&Scenario::kills_brokers, &Scenario::restarts_cleanly, &Scenario::isolates_hosts,
        &Scenario::breaks_connections, &Scenario::fills_disks, &Scenario::moves_clocks,
        &Scenario::crashes_consumers, &Scenario::stalls_consumers, &Scenario::crashes_streams,
        &Scenario::strikes_fault_points}) {
    made.*kind = random.chance(0.4);
  }
  // Apart, because much less can be promised about what was read before the power went.
  made.cuts_power = random.chance(0.25);
  made.transactional_producers = between(random, 0, 2);
  made.pipelines = random.chance(0.5) ? between(random, 1, 2) : 0;
  made.table_writers = random.chance(0.5) ? between(random, 1, 2) : 0;
  if (random.chance(0.5)) made.group_protocol = GroupProtocol::kConsumer;
  if (random.chance(0.5)) {
    made.pipeline_protocol = random.chance(0.4) ? GroupProtocol::kConsumer : GroupProtocol::kBoth;
  }
  if (random.chance(0.4)) made.draw_nodes(random);
  if (random.chance(0.4)) {
    made.fetch_sessions_max = between(random, 1, 8);
    made.fetch_session_partitions_max = between(random, 2, 12);
  }
  made.loses_answers = random.chance(0.2);
  made.keeps_no_assignment_epochs = random.chance(0.3);
  // Most are of the size of work, some of a machine that is busy with others.
  if (random.chance(0.5)) {
    made.reading_cost = std::chrono::microseconds{random.chance(0.7) ? between(random, 1, 100)
                                                                     : between(random, 100, 1000)};
  }
  if (random.chance(0.3)) made.consumer_session_timeout = kLongSession;
  if (random.chance(kExactShare)) made.keep_counts_exact();
  return made;
}

void Scenario::draw_nodes(Random& random) {
  brokers = between(random, 2, 4);
  replicas = between(random, 1, brokers);
  stops_nodes = random.chance(0.6);
  moves_leaders = random.chance(0.6);
}

void Scenario::keep_counts_exact() {
  stream_threads = std::max(stream_threads, 1);
  for (bool Scenario::*kind :
       {&Scenario::kills_brokers, &Scenario::cuts_power, &Scenario::restarts_cleanly,
        &Scenario::isolates_hosts, &Scenario::breaks_connections, &Scenario::fills_disks,
        &Scenario::crashes_streams, &Scenario::strikes_fault_points, &Scenario::stops_nodes,
        &Scenario::moves_leaders, &Scenario::loses_answers}) {
    this->*kind = false;
  }
}

void Scenario::break_on_purpose(Sabotage what) {
  sabotage = what;
  keep_counts_exact();
  const bool is_of_transactions = what == Sabotage::kTransactionsCommitWhatIsAborted ||
                                  what == Sabotage::kReadersTakeWhatIsNotCommitted;
  transactional_producers = is_of_transactions ? 1 : 0;
  pipelines = what == Sabotage::kPipelinesForgetOffsets ? 2 : 0;
  table_writers = what == Sabotage::kTableLosesItsStart ? 1 : 0;
  crashes_consumers =
      crashes_consumers || pipelines > 0 || what == Sabotage::kConsumersMistakeGenerations;
  cuts_power = what == Sabotage::kBrokerNeverSyncs;
}

std::string Scenario::to_string() const {
  std::string text = fmt::format(
      "{} brokers, {} partitions with {} replicas, {} loops, {} fetch sessions, {} producers ({} "
      "ms pause, {} ms linger, {}), {} consumers ({}), "
      "{} stream threads, {} transactional producers, {} pipelines ({}), {} table writers, {} "
      "keys, "
      "sessions of {} ms where the broker deals, segments of {} bytes, {} us a look at the clock, "
      "{} "
      "s;",
      brokers, partitions, replicas, broker_loops, fetch_sessions(*this), producers,
      send_pause_max.count(), linger.count(), compression, consumers,
      dealing(*this, group_protocol), stream_threads, transactional_producers, pipelines,
      dealing(*this, pipeline_protocol), table_writers, keys, consumer_session_timeout.count(),
      segment_bytes, reading_cost.count(), duration.count() / 1000);
  for (const auto& [is_on, name] : {std::pair{kills_brokers, "kill"},
                                    {cuts_power, "power cut"},
                                    {restarts_cleanly, "restart"},
                                    {isolates_hosts, "isolation"},
                                    {breaks_connections, "broken connections"},
                                    {fills_disks, "full disk"},
                                    {moves_clocks, "clock jumps"},
                                    {crashes_consumers, "consumer crash"},
                                    {stalls_consumers, "consumer stall"},
                                    {crashes_streams, "stream crash"},
                                    {strikes_fault_points, "fault points"},
                                    {loses_answers, "lost answers"},
                                    {keeps_no_assignment_epochs, "no epochs of assignments"},
                                    {stops_nodes, "stopped nodes"},
                                    {moves_leaders, "moved leaders"}}) {
    if (is_on) text += fmt::format(" {},", name);
  }
  if (sabotage != Sabotage::kNone) text += fmt::format(" sabotage: {},", sabotage_name(sabotage));
  text.back() = '.';
  return text;
}

}  // namespace millrace::simulation
