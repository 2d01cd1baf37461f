// ProducerActor: sends numbered records for as long as the run wants, and notes what was promised.
#pragma once

#include <cstdint>
#include <memory>
#include <set>

#include "client/producer.h"
#include "tests/simulation/run_state.h"

namespace millrace::simulation {

class ProducerActor {
 public:
  ProducerActor(RunState& run, int number);
  ProducerActor(const ProducerActor&) = delete;
  ProducerActor& operator=(const ProducerActor&) = delete;

  void join() { thread_->join(); }

 private:
  void send_one(client::Producer& producer);

  RunState& run_;
  const int number_;
  std::uint64_t next_sequence_ = 0;
  std::unique_ptr<io::Thread> thread_;
};

}  // namespace millrace::simulation
