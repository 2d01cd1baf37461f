// ConsumerShared: what a consumer's caller and its I/O thread both touch, behind one mutex.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "base/result.h"
#include "client/consumer.h"
#include "client/consumer/fetch_state.h"

namespace millrace::client {

/// Something that the application has to run inside poll(). It fences what the application brought.
struct ApplicationCall {
  enum class Kind { kRebalance, kCommitDone } kind;
  std::function<Status()> run;
};

class ConsumerShared {
 public:
  /// All but last_poll needs the mutex.
  struct State {
    explicit State(const FetchPlanConfig& config) : fetch(config) {}
    FetchState fetch;
    std::deque<ApplicationCall> for_application;
    std::optional<Error> failure;  // given out by the next poll()
    /// Whom the application commits as. In the classic protocol the member of the last rebalance
    /// that it has run: the I/O thread may be in a later generation, in which others own what the
    /// application still holds; a commit in that name would be taken, and undo theirs.
    ConsumerGroupMetadata membership;
    /// Whether the group counts on this member now, as far as the I/O thread knows: what the
    /// application still holds is lost otherwise.
    bool has_place = false;
    std::uint64_t places_lost = 0;  // how often it ended
    ConsumerMetrics metrics;
    bool is_woken = false;      // wakeup() was called
    bool fetcher_told = false;  // that there is room, or something else to do
  };

  /// env  outlives this
  ConsumerShared(const FetchPlanConfig& config, io::Env& env)
      : clock_(env.clock()), changed_(env.make_condition()), state_(config) {}

  template <class Function>
  decltype(auto) with(Function&& function) {
    const std::lock_guard lock(mutex_);
    return std::forward<Function>(function)(state_);
  }
  /// The same, and wakes a caller who waits.
  template <class Function>
  void change(Function&& function) {
    {
      const std::lock_guard lock(mutex_);
      std::forward<Function>(function)(state_);
    }
    changed_->notify_all();
  }
  /// Wakes a caller who waits, after changes made by with().
  void wake() { changed_->notify_all(); }
  /// Waits until `predicate(state)` or `timeout`; says whether the predicate holds.
  template <class Predicate>
  bool wait(Millis timeout, Predicate&& predicate) {
    std::unique_lock lock(mutex_);
    return changed_->wait_for(lock, clock_, timeout, [&] { return predicate(state_); });
  }

  /// When poll() was last entered or left, as nanoseconds of the monotonic clock; 0 before.
  std::atomic<std::int64_t> last_poll_ns{0};

 private:
  const Clock& clock_;
  std::mutex mutex_;
  const std::unique_ptr<io::Condition> changed_;
  State state_;
};

}  // namespace millrace::client
