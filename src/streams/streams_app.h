// StreamsApp: runs a topology against a Kafka cluster. Each of its threads has a consumer in the
// group `application.id` and a producer; each task (one partition of one sub-topology) belongs to
// one thread at a time, with its state in RAM and a changelog topic behind it.
//   auto app = StreamsApp::create(*topology, {{"application.id", "clicks"},
//                                             {"bootstrap.servers", "127.0.0.1:9092"}});
//   app->start();
//   …
//   app->stop();
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "client/properties.h"
#include "io/env.h"
#include "streams/runtime/task_metrics.h"
#include "streams/topology/topology.h"

namespace millrace::streams {

/// Kafka Streams' states.
enum class AppState {
  kCreated,
  kRebalancing,  // starting, or tasks are being handed over or restored
  kRunning,
  kPendingShutdown,
  kNotRunning,
  kError  // stopped by a failure: StreamsApp::failure()
};
std::string_view app_state_name(AppState state);

struct AppMetrics {
  TaskMetrics tasks;  // summed over all tasks that ever ran here
  std::uint64_t tasks_running = 0;
  std::uint64_t rebalances = 0;
};

/// Properties are Kafka Streams' where they exist:
///   application.id                 required; the group, and the prefix of internal topics
///   num.stream.threads             1
///   commit.interval.ms             30000
///   poll.ms                        100
///   deserialization.exception.handler   log-and-fail | log-and-continue
///   max.task.idle.ms               0; how long a task that has records of one source waits for
///                                  those of another, so that they go by their timestamps. 0 and
///                                  -1: it takes what is at hand
///   buffered.records.per.partition 1000; with that many waiting, a partition is not read on
///   repartition.purge.interval.ms  30000; how often what was read and committed is deleted from
///                                  repartition topics; also done at a clean end
///   replication.factor             -1, of internal topics: the broker's default
/// and every client property, for one kind of client as consumer.…, producer.… or admin.…
/// (auto.offset.reset is earliest unless said otherwise).
///
/// A value that can be moved, also while it runs, if nobody calls it meanwhile. One that was moved
/// from may only be destroyed or assigned to; any other call aborts.
/// thread  every method from any thread
class StreamsApp {
 public:
  /// Checks the properties; connects to nothing yet.
  /// env     must outlive the application; null: it makes and owns one of the machine
  /// errors  kInvalidArgument naming the property
  static Result<StreamsApp> create(Topology topology, const client::Properties& properties,
                                   io::Env* env = nullptr);
  /// stop()s.
  ~StreamsApp();
  StreamsApp(StreamsApp&&) noexcept;
  /// What was here is stopped first.
  StreamsApp& operator=(StreamsApp&&) noexcept;
  StreamsApp(const StreamsApp&) = delete;
  StreamsApp& operator=(const StreamsApp&) = delete;

  /// Makes the internal topics that are missing, checks that topics read together have equally many
  /// partitions, and starts the threads.
  /// errors  kNotFound for a source topic, kInvalidArgument for partitions that do not match,
  ///         kCancelled when stop() was called meanwhile, and what the brokers answer
  Status start();
  /// Commits, leaves the group and joins the threads. Further calls do nothing.
  /// errors  the failure that had stopped the application, or the one met while stopping
  Status stop();

  AppState state() const;
  /// Why the state is kError.
  std::optional<Error> failure() const;
  AppMetrics metrics() const;

  /// Waits until the application is in `wanted`.
  /// errors  kTimeout; the failure when it went to kError instead
  Status wait_for_state(AppState wanted, Millis timeout) const;
  /// Waits until every record that its source and repartition topics hold has been processed and
  /// its results committed. For batch runs: nobody may be producing to the source topics.
  /// errors  kInvalidArgument before start(); kTimeout; kClosed when it was stopped before it got
  ///         there; the failure when that stopped it
  Status wait_until_caught_up(Millis timeout);

 private:
  class Core;
  explicit StreamsApp(std::unique_ptr<Core> core);
  Core& core() const;

  std::unique_ptr<Core> core_;
};

}  // namespace millrace::streams
