// TransactionActor: writes in transactions under one transactional id, in one life after the other,
// and notes how each ended. CommittedReader: reads what is committed while the run goes on.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "client/producer.h"
#include "tests/simulation/run_state.h"

namespace millrace::simulation {

class TransactionActor {
 public:
  TransactionActor(RunState& run, int number);
  TransactionActor(const TransactionActor&) = delete;
  TransactionActor& operator=(const TransactionActor&) = delete;

  void join() { thread_->join(); }

 private:
  void live();
  bool may_go_on() const { return !run_.stops_producing && !run_.has_failed(); }
  Result<client::Producer> make_producer();
  /// Lives until a producer is of no use any more, or gives up within a transaction, as if it died.
  void live_once();
  /// False when the producer can only be closed.
  bool run_transaction(client::Producer& producer);
  void send_some(client::Producer& producer, std::uint64_t transaction);
  bool commit(client::Producer& producer, std::uint64_t transaction);
  bool abort(client::Producer& producer);
  /// One that another life took the id from tries to commit what it has open.
  void come_back_from_the_dead();

  RunState& run_;
  const int number_;
  std::uint64_t next_transaction_ = 0;
  /// With a transaction open, of which the fate is kNotCommitted.
  std::optional<client::Producer> zombie_;
  std::uint64_t zombies_transaction_ = 0;
  std::unique_ptr<io::Thread> thread_;
};

class CommittedReader {
 public:
  explicit CommittedReader(RunState& run);
  CommittedReader(const CommittedReader&) = delete;
  CommittedReader& operator=(const CommittedReader&) = delete;

  void join() { thread_->join(); }
  const std::map<TopicPartition, TransactionLedger::Log>& read() const { return read_; }

 private:
  void live();

  RunState& run_;
  std::map<TopicPartition, TransactionLedger::Log> read_;
  std::unique_ptr<io::Thread> thread_;
};

}  // namespace millrace::simulation
