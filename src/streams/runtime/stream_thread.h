// StreamThread: the loop around tasks: poll, process, commit; and hand tasks over when the group
// rebalances. The only thread that touches its clients and tasks.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/guarded.h"
#include "base/result.h"
#include "base/time.h"
#include "client/admin.h"
#include "client/consumer.h"
#include "client/producer.h"
#include "io/env.h"
#include "streams/runtime/changelog_restorer.h"
#include "streams/runtime/committer.h"
#include "streams/runtime/producer_collector.h"
#include "streams/runtime/repartition_purge.h"
#include "streams/runtime/streams_config.h"
#include "streams/runtime/task_set.h"
#include "streams/topology/topology.h"

namespace millrace::streams {

enum class ThreadState { kCreated, kJoining, kRunning, kStopped, kFailed };

/// What others may know of a thread; updated after each round of its loop, and the metrics, but for
/// that of commits, before each commit too.
struct ThreadStatus {
  ThreadState state = ThreadState::kCreated;
  TaskMetrics metrics;
  std::uint64_t tasks = 0;
  std::uint64_t rebalances = 0;
  std::optional<Error> failure;
};

/// Invariants: clients and tasks are touched by this thread alone; others see `status_`, a copy,
/// and set the two requests. A task processes nothing before all of its state is restored, and
/// until then its source partitions are paused. Whatever lasts is done between two polls, in slices
/// much shorter than max.poll.interval.ms; the rebalance callbacks only commit and note. `failure_`
/// is set once; nothing is committed after it.
///
/// thread  start and join from the owner's; everything else from any
class StreamThread {
 public:
  /// Makes the clients. `topology` and `env` must outlive it; `on_change` is called on this thread
  /// when its state has changed.
  static Result<std::unique_ptr<StreamThread>> create(const Topology& topology,
                                                      const StreamsConfig& config,
                                                      std::int32_t number, io::Env& env,
                                                      std::function<void()> on_change);
  ~StreamThread();

  void start();
  /// Asks the loop to commit and end.
  void request_stop();
  /// Asks for a commit after the batch under way, without waiting for the interval.
  void request_commit();
  void join();
  ThreadStatus status() const;

 private:
  StreamThread(const Topology& topology, const StreamsConfig& config, std::int32_t number,
               io::Env& env, std::function<void()> on_change);
  Status make_clients(std::int32_t number);

  void run();
  Status loop();
  Status run_once();
  void hold_back();
  Status restore_a_slice();
  Status commit();
  void delete_records(const std::map<TopicPartition, Offset>& before);
  void shut_down();
  void publish(ThreadState state);

  void on_assigned(std::span<const TopicPartition> partitions);
  void on_revoked(std::span<const TopicPartition> partitions);
  void on_lost(std::span<const TopicPartition> partitions);
  void take_away(std::span<const TopicPartition> partitions);

  const Topology& topology_;
  StreamsConfig config_;
  io::Env& env_;
  std::function<void()> on_change_;
  std::string name_;

  AcknowledgedEnds ends_;
  std::optional<client::Producer> producer_;  // reports to ends_
  std::optional<client::Consumer> consumer_;
  std::optional<ProducerCollector> collector_;
  std::optional<TaskSet> tasks_;
  std::optional<Committer> committer_;
  std::optional<ChangelogRestorer> restorer_;
  std::optional<RepartitionPurge> purge_;
  std::optional<client::Admin> admin_;  // made when first needed

  std::atomic<bool> stop_requested_{false};
  std::atomic<bool> commit_requested_{false};
  std::vector<TopicPartition> held_back_;  // in order, paused
  MonotonicTime committed_at_{};
  std::uint64_t rebalances_ = 0;
  std::optional<Error> failure_;  // of a callback; the loop looks at it
  Guarded<ThreadStatus> status_;
  std::unique_ptr<io::Thread> thread_;  // null until start()
};

}  // namespace millrace::streams
