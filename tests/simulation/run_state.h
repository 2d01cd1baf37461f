// RunState: what everybody in one simulated run shares. One of them runs at a time, so it needs no
// lock.
#pragma once

#include <string>
#include <vector>

#include "sim/sim_env.h"
#include "tests/simulation/group_watch.h"
#include "tests/simulation/history.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/scenario.h"
#include "tests/simulation/table_ledger.h"
#include "tests/simulation/transaction_ledger.h"

namespace millrace::simulation {

inline constexpr const char* kInputTopic = "events";
inline constexpr const char* kCountTopic = "counts";
inline constexpr const char* kTransferTopic = "transfers";
inline constexpr const char* kCopyTopic = "copies";
inline constexpr const char* kTableTopic = "table";  // compacted
inline constexpr const char* kGroup = "readers";
inline constexpr const char* kPipelineGroup = "pipelines";
inline constexpr const char* kBrokerHost = "broker";
inline constexpr std::uint16_t kBrokerPort = 9092;

struct RunState {
  sim::SimWorld& world;
  const Scenario& scenario;
  History& history;
  Ledger ledger = {};
  TransactionLedger transactions = {};
  TableLedger table = {};
  GroupWatch group = {};
  bool stops_producing = false;
  bool stops_consuming = false;

  /// Records are read before they are on disk (ADR 7). With the power, some are lost that were
  /// read, and others take their offsets; a consumer may even hold the old ones fetched ahead.
  bool may_read_what_is_lost() const { return scenario.cuts_power; }
  bool is_sabotaged_by(Sabotage sabotage) const { return scenario.sabotage == sabotage; }
  /// Time to end early: what follows a violation says little.
  bool has_failed() const { return history.violation().has_value(); }
  void report(const std::optional<std::string>& wrong) {
    if (wrong) history.violated(*wrong);
  }
  void sleep(std::chrono::nanoseconds duration) { world.scheduler().sleep(duration); }
  Random& random() { return world.scheduler().random(); }
  /// Of every broker, each of which has the next port.
  std::string bootstrap() const {
    std::string all;
    for (int index = 0; index < scenario.brokers; ++index) {
      all += (index == 0 ? "" : ",") + std::string(kBrokerHost) + ":" +
             std::to_string(kBrokerPort + index);
    }
    return all;
  }
  std::vector<TopicPartition> input_partitions() const { return partitions_of(kInputTopic); }
  std::vector<TopicPartition> partitions_of(const char* topic) const {
    std::vector<TopicPartition> all;
    for (std::int32_t id = 0; id < scenario.partitions; ++id) {
      all.push_back({topic, PartitionId{id}});
    }
    return all;
  }
};

}  // namespace millrace::simulation
