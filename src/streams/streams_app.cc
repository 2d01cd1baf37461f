#include "streams/streams_app.h"

#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/guarded.h"
#include "base/saturating.h"
#include "client/admin.h"
#include "io/lent_env.h"
#include "streams/runtime/progress.h"
#include "streams/runtime/stream_thread.h"
#include "streams/runtime/streams_config.h"
#include "streams/runtime/topic_keeper.h"

namespace millrace::streams {
namespace {

constexpr Millis kProgressCheckInterval{10};

}  // namespace

std::string_view app_state_name(AppState state) {
  switch (state) {
    case AppState::kCreated:
      return "CREATED";
    case AppState::kRebalancing:
      return "REBALANCING";
    case AppState::kRunning:
      return "RUNNING";
    case AppState::kPendingShutdown:
      return "PENDING_SHUTDOWN";
    case AppState::kNotRunning:
      return "NOT_RUNNING";
    case AppState::kError:
      return "ERROR";
  }
  return "UNKNOWN";
}

/// Invariants: whoever moves `phase_` to kStarting or kStopping is the only one to start or to
/// stop; others wait for the phase after. `phase_` goes forward only, but that a start which failed
/// goes back to kCreated. `threads_` and `sources_` are written by start() alone, in kStarting, and
/// read by anybody else only later: so `phase_` guards them, and threads() keeps to it. `mutex_`
/// guards nothing but the waits on `changed_`; no other lock is held through them.
class StreamsApp::Core {
 public:
  Core(Topology topology, StreamsConfig config, io::LentEnv env)
      : env_(std::move(env)),
        topology_(std::move(topology)),
        config_(std::move(config)),
        changed_(env_->make_condition()) {}
  ~Core() { (void)stop(); }

  Status start() {
    if (!move_phase(Phase::kCreated, Phase::kStarting)) {
      return Error{ErrorCode::kInvalidArgument, "a streams application is started once"};
    }
    Status prepared = prepare();
    if (!prepared.ok()) {
      threads_.clear();
      move_phase(Phase::kStarting, Phase::kCreated);
      return prepared;
    }
    for (const auto& thread : threads_) thread->start();
    move_phase(Phase::kStarting, Phase::kStarted);
    on_thread_change();  // one may have failed already, before anybody could see it
    return {};
  }

  Status stop() {
    starter_.with([](Starter& starter) {
      starter.is_given_up = true;
      if (starter.admin != nullptr) starter.admin->wakeup();
    });
    wake_waiters();
    wait_while(Phase::kStarting);
    if (move_phase(Phase::kStarted, Phase::kStopping)) {
      for (const auto& thread : threads()) thread->request_stop();
      for (const auto& thread : threads()) thread->join();
      move_phase(Phase::kStopping, Phase::kStopped);
    }
    move_phase(Phase::kCreated, Phase::kStopped);
    wait_while(Phase::kStopping);
    if (auto error = failure()) return *std::move(error);
    return {};
  }

  AppState state() const {
    bool any_failed = false;
    bool all_running = true;
    for (const ThreadStatus& status : statuses()) {
      any_failed = any_failed || status.state == ThreadState::kFailed;
      all_running = all_running && status.state == ThreadState::kRunning;
    }
    if (any_failed) return AppState::kError;
    switch (phase()) {
      case Phase::kCreated:
        return AppState::kCreated;
      case Phase::kStarting:
        return AppState::kRebalancing;
      case Phase::kStarted:
        return all_running ? AppState::kRunning : AppState::kRebalancing;
      case Phase::kStopping:
        return AppState::kPendingShutdown;
      case Phase::kStopped:
        break;
    }
    return AppState::kNotRunning;
  }

  std::optional<Error> failure() const {
    for (ThreadStatus& status : statuses()) {
      if (status.failure) return std::move(status.failure);
    }
    return std::nullopt;
  }

  AppMetrics metrics() const {
    AppMetrics sum;
    for (const ThreadStatus& status : statuses()) {
      sum.tasks += status.metrics;
      sum.tasks_running += status.tasks;
      sum.rebalances += status.rebalances;
    }
    return sum;
  }

  Status wait_for_state(AppState wanted, Millis timeout) const {
    AppState reached = AppState::kCreated;
    const auto is_over = [&] {
      reached = state();
      return reached == wanted || reached == AppState::kError;
    };
    {
      std::unique_lock lock(mutex_);
      (void)changed_->wait_for(lock, env_->clock(), timeout, is_over);
    }
    if (reached == wanted) return {};
    if (auto error = failure()) return *std::move(error);
    return Error{ErrorCode::kTimeout,
                 fmt::format("application {} is {}, not {}, after {} ms", config_.application_id,
                             app_state_name(reached), app_state_name(wanted), timeout.count())};
  }

  Status wait_until_caught_up(Millis timeout) {
    if (!has_threads()) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("application {} was not started: it has nothing to catch up with",
                               config_.application_id)};
    }
    const MonotonicTime deadline = deadline_after(env_->clock().monotonic(), timeout);
    auto admin = client::Admin::create(config_.admin, &*env_);
    if (!admin.ok()) return std::move(admin).error();
    std::uint64_t processed = 0;
    std::optional<std::int64_t> lag;
    while (true) {
      // While records still come in, asking would only slow the threads down.
      if (std::exchange(processed, metrics().tasks.records_processed) ==
          metrics().tasks.records_processed) {
        for (const auto& thread : threads()) thread->request_commit();
        const auto left = uncommitted_records(*admin, source_partitions(), config_.application_id);
        if (!left.ok()) return left.error();
        if (*left == 0) return {};
        lag = *left;
      }
      if (auto error = failure()) return *std::move(error);
      const std::string left_over = lag ? fmt::to_string(*lag) : "an unknown number of";
      if (phase() == Phase::kStopped) {
        return Error{ErrorCode::kClosed,
                     fmt::format("application {} was stopped with {} records to commit",
                                 config_.application_id, left_over)};
      }
      if (env_->clock().monotonic() >= deadline) {
        return Error{ErrorCode::kTimeout,
                     fmt::format("application {} still has {} records to commit after {} ms",
                                 config_.application_id, left_over, timeout.count())};
      }
      std::unique_lock lock(mutex_);
      (void)changed_->wait_for(lock, kProgressCheckInterval);
    }
  }

 private:
  enum class Phase { kCreated, kStarting, kStarted, kStopping, kStopped };

  /// What start() waits with, so that stop() can end that.
  struct Starter {
    bool is_given_up = false;
    client::Admin* admin = nullptr;  // null while there is none
  };

  Status prepare() {
    auto admin = client::Admin::create(config_.admin, &*env_);
    if (!admin.ok()) return std::move(admin).error();
    const bool is_given_up = starter_.with([&](Starter& starter) {
      starter.admin = &*admin;
      return starter.is_given_up;
    });
    if (is_given_up) admin->wakeup();
    auto plan = prepare_topics(*admin, topology_, config_);
    starter_.with([](Starter& starter) { starter.admin = nullptr; });
    if (!plan.ok() && plan.error().code == ErrorCode::kCancelled) {
      return Error{ErrorCode::kCancelled, fmt::format("application {} was stopped while it started",
                                                      config_.application_id)};
    }
    if (!plan.ok()) return std::move(plan).error();
    sources_ = std::move(plan->sources);
    for (std::int32_t number = 1; number <= config_.threads; ++number) {
      auto thread =
          StreamThread::create(topology_, config_, number, *env_, [this] { on_thread_change(); });
      if (!thread.ok()) return std::move(thread).error();
      threads_.push_back(std::move(*thread));
    }
    return {};
  }

  std::vector<TopicPartition> source_partitions() const {
    std::vector<TopicPartition> partitions;
    for (const auto& [topic, count] : sources_) {
      for (std::int32_t p = 0; p < count; ++p) partitions.push_back({topic, PartitionId{p}});
    }
    return partitions;
  }

  std::vector<ThreadStatus> statuses() const {
    std::vector<ThreadStatus> all;
    for (const auto& thread : threads()) all.push_back(thread->status());
    return all;
  }

  /// None while start() may be making them; once it has, they and `sources_` stay as they are.
  std::span<const std::unique_ptr<StreamThread>> threads() const {
    if (!has_threads()) return {};
    return threads_;
  }
  bool has_threads() const { return phase() != Phase::kCreated && phase() != Phase::kStarting; }

  Phase phase() const { return phase_.load(); }
  /// False, without a change, in another phase than `from`.
  bool move_phase(Phase from, Phase to) {
    if (!phase_.compare_exchange_strong(from, to)) return false;
    wake_waiters();
    return true;
  }
  void wait_while(Phase passing) const {
    std::unique_lock lock(mutex_);
    changed_->wait(lock, [&] { return phase() != passing; });
  }
  /// On the thread that changed. One that has failed takes the others with it: half an application
  /// would look alive and fall behind.
  void on_thread_change() {
    if (failure()) {
      for (const auto& thread : threads()) thread->request_stop();
    }
    wake_waiters();
  }
  void wake_waiters() {
    { const std::lock_guard lock(mutex_); }  // so that no waiter is between its test and its wait
    changed_->notify_all();
  }

  const io::LentEnv env_;
  const Topology topology_;
  const StreamsConfig config_;
  TopicPartitions sources_;                             // fixed by start()
  std::vector<std::unique_ptr<StreamThread>> threads_;  // fixed by start()
  std::atomic<Phase> phase_{Phase::kCreated};
  Guarded<Starter> starter_;
  mutable std::mutex mutex_;
  const std::unique_ptr<io::Condition> changed_;
};

Result<StreamsApp> StreamsApp::create(Topology topology, const client::Properties& properties,
                                      io::Env* env) {
  auto config = StreamsConfig::from(properties);
  if (!config.ok()) return std::move(config).error();
  if (topology.plans().empty()) {
    return Error{ErrorCode::kInvalidArgument, "the topology is empty"};
  }
  return StreamsApp(
      std::make_unique<Core>(std::move(topology), std::move(*config), io::LentEnv(env)));
}

StreamsApp::StreamsApp(std::unique_ptr<Core> core) : core_(std::move(core)) {}
StreamsApp::~StreamsApp() = default;
StreamsApp::StreamsApp(StreamsApp&&) noexcept = default;
StreamsApp& StreamsApp::operator=(StreamsApp&&) noexcept = default;

StreamsApp::Core& StreamsApp::core() const {
  CHECK(core_ != nullptr, "a StreamsApp that was moved from was called");
  return *core_;
}

Status StreamsApp::start() {
  return core().start();
}
Status StreamsApp::stop() {
  return core().stop();
}
AppState StreamsApp::state() const {
  return core().state();
}
std::optional<Error> StreamsApp::failure() const {
  return core().failure();
}
AppMetrics StreamsApp::metrics() const {
  return core().metrics();
}
Status StreamsApp::wait_for_state(AppState wanted, Millis timeout) const {
  return core().wait_for_state(wanted, timeout);
}
Status StreamsApp::wait_until_caught_up(Millis timeout) {
  return core().wait_until_caught_up(timeout);
}

}  // namespace millrace::streams
