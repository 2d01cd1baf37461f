// LogCleaning: compaction of a broker's logs, on a thread of its own, so that a long pass delays
// neither requests nor the other chores.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/time.h"
#include "broker/broker_config.h"
#include "broker/topics/cluster_metadata.h"
#include "io/env.h"
#include "storage/data_directory.h"
#include "storage/log_cleaner.h"

namespace millrace::broker {

/// Which log is next, and what became of it. Drives no thread: LogCleaning does.
///
/// thread     one at a time; stop(): any
/// invariant  a checkpoint never says more than was cleaned, and never speaks of a log to another of
///            its name
class CleaningRounds {
 public:
  /// Everything outlives this.
  CleaningRounds(io::Env& env, ClusterMetadata& metadata, storage::DataDirectory& directory);

  /// Cleans the dirtiest log that is due, one pass. Returns whether there was one: then another may
  /// be due by now. One that could not be cleaned, or of which that could not be noted, is not due
  /// before its time of rest is over, which doubles with each failure.
  bool clean_next(Timestamp now);
  /// How long to rest when no log is dirty enough, as the broker's properties say now.
  Millis backoff() const;
  /// Gives up the pass that runs, and those to come.
  void stop() { is_stopped_ = true; }

 private:
  struct Due {
    std::shared_ptr<const Topic> topic;  // keeps the partition
    Partition* partition = nullptr;
    storage::CleaningPlan plan;
  };

  using Name = std::pair<Uuid, PartitionId>;
  struct Failures {
    int count = 0;
    std::optional<MonotonicTime> rests_until;  // nothing: until the next start
  };

  static Name name_of(const Due& due);
  std::optional<Due> dirtiest(Timestamp now);
  void look_at(const std::shared_ptr<const Topic>& topic, Partition& partition, Timestamp now,
               std::optional<Due>& best);
  bool rests(const Name& name) const;
  Status note(const Due& due, const storage::Cleaning& cleaning);
  Status write_clean_up_to(const Due& due, Offset offset);
  void set_aside(const Due& due, const Error& error);
  /// One with as much memory as the broker's properties say now.
  storage::LogCleaner& cleaner();

  const Clock& clock_;
  ClusterMetadata& metadata_;
  storage::DataDirectory& directory_;
  std::atomic<bool> is_stopped_ = false;
  io::Env& env_;
  std::size_t dedupe_bytes_max_ = 0;  // what cleaner_ has
  std::optional<storage::LogCleaner> cleaner_;
  std::map<Name, Failures> failed_;  // that could not be cleaned the last time
};

/// thread  the owner's, which must not be the cleaner's own
///
/// Invariants
///   When the destructor returns no log is being cleaned, and none will be. It waits for no more
///   than one batch, or for a finished copy to be swapped in.
class LogCleaning {
 public:
  LogCleaning(io::Env& env, ClusterMetadata& metadata, storage::DataDirectory& directory);
  ~LogCleaning();
  LogCleaning(const LogCleaning&) = delete;
  LogCleaning& operator=(const LogCleaning&) = delete;

 private:
  void next_round();

  io::Env& env_;
  CleaningRounds rounds_;
  std::unique_ptr<io::EventLoop> loop_;
  std::unique_ptr<io::Thread> thread_;
};

}  // namespace millrace::broker
