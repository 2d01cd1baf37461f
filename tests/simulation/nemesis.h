// Nemesis: makes the trouble that a scenario allows, one thing after the other, and heals all of
// it.
#pragma once

#include <memory>
#include <vector>

#include "tests/simulation/broker_host.h"
#include "tests/simulation/consumer_actor.h"
#include "tests/simulation/run_state.h"
#include "tests/simulation/seeded_faults.h"
#include "tests/simulation/stream_actor.h"

namespace millrace::simulation {

/// What it may lay hands on. Consumers that died stay in the list, for they must be joined.
struct Victims {
  BrokerHost& broker;
  std::vector<std::unique_ptr<ConsumerActor>>& consumers;
  std::vector<ConsumerActor*>& living;
  StreamActor* streams;  // null when there is none
  SeededFaults* faults;  // null when there are none
};

class Nemesis {
 public:
  Nemesis(RunState& run, Victims victims) : run_(run), victims_(victims) {}

  /// Until the scenario's duration is over; then heals everything.
  void rage();

 private:
  using Deed = void (Nemesis::*)();

  std::vector<Deed> deeds() const;
  void kill_broker();
  void cut_power();
  void restart_broker();
  void isolate_a_host();
  void break_connections();
  void trouble_network();
  void fill_disk();
  void move_clock();
  void crash_consumer();
  void stall_consumer();
  void crash_streams();
  void turn_node();
  void move_leaders();
  void lose_answers();

  void heal();
  void down_for_a_while();
  Millis up_to(std::int64_t limit_ms);
  std::string any_host();
  BrokerId any_node();
  TopicPartition any_partition();

  RunState& run_;
  Victims victims_;
  int consumer_lives_ = 0;
};

}  // namespace millrace::simulation
