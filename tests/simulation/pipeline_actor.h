// PipelineActor: copies records from one topic to another exactly once, as a member of a group that
// commits its offsets in the transactions that write the copies; stalls and dies.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "client/consumer.h"
#include "client/producer.h"
#include "tests/simulation/run_state.h"

namespace millrace::simulation {

class PipelineActor {
 public:
  PipelineActor(RunState& run, int number);
  PipelineActor(const PipelineActor&) = delete;
  PipelineActor& operator=(const PipelineActor&) = delete;

  void join() { thread_->join(); }

 private:
  void live();
  bool may_go_on() const { return !run_.stops_consuming && !run_.has_failed(); }
  std::string host() const;
  /// One consumer and one producer, until one of them is of no use any more.
  void live_once();
  /// False when what was read has to be read again, by a new consumer.
  bool copy(client::Producer& producer, client::Consumer& consumer,
            const client::PolledRecords& polled);
  /// Sends what was read, and notes in `offsets` how far that is.
  void write(client::Producer& producer, const client::PolledRecords& polled,
             client::OffsetsToCommit& offsets);
  /// Whether it dies here, where the scenario lets it.
  bool dies(const std::string& where);
  bool give_up(client::Producer& producer, const client::TransactionStatus& why);

  RunState& run_;
  const int number_;
  bool is_dead_ = false;
  std::unique_ptr<io::Thread> thread_;
};

}  // namespace millrace::simulation
