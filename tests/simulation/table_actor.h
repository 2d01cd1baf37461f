// TableActor: writes values and tombstones of few keys into a compacted topic for as long as the
// run wants, and notes what was acknowledged.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "client/producer.h"
#include "tests/simulation/run_state.h"

namespace millrace::simulation {

class TableActor {
 public:
  TableActor(RunState& run, int number);
  TableActor(const TableActor&) = delete;
  TableActor& operator=(const TableActor&) = delete;

  void join() { thread_->join(); }

 private:
  void write_one(client::Producer& producer);
  /// Else a tombstone at a log's very end could go, and its readers never get there.
  void write_last_ones(client::Producer& producer);
  void send(client::Producer& producer, TableLedger::Record record, PartitionId partition);

  RunState& run_;
  const int number_;
  std::int64_t count_ = 0;
  std::unique_ptr<io::Thread> thread_;
};

}  // namespace millrace::simulation
