// StreamActor: an application that counts records per key and window, and what its counts must be.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/record.h"
#include "streams/streams_app.h"
#include "tests/simulation/run_state.h"

namespace millrace::simulation {

/// By key and start of the window.
using WindowCounts = std::map<std::pair<std::string, std::int64_t>, std::int64_t>;

/// Adds a record of the input to what the counts must come to.
void count_reference(WindowCounts& counts, const RecordView& record);
/// What the output said of the windows.
struct CountsSeen {
  WindowCounts latest;
  WindowCounts largest;

  /// Takes a record of the output.
  void take(const RecordView& record);
};

class StreamActor {
 public:
  explicit StreamActor(RunState& run) : run_(run) {}
  ~StreamActor();
  StreamActor(const StreamActor&) = delete;
  StreamActor& operator=(const StreamActor&) = delete;

  /// Tries again for a while, as a supervisor would; also when it stopped by itself.
  void start();
  void restart_if_failed();
  void crash();
  /// Waits until all of the input is counted, then stops.
  void finish();
  /// Whether every record was counted once. A life that ended early may count again what it did not
  /// commit: at least once.
  bool is_exact() const { return is_exact_; }

 private:
  RunState& run_;
  int life_ = 0;
  bool is_exact_ = true;
  std::unique_ptr<streams::StreamsApp> app_;
  std::vector<std::unique_ptr<io::Thread>> undertakers_;
};

}  // namespace millrace::simulation
