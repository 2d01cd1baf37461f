// CoordinatorShell: what stands around a coordinator that is a pure state machine. It hands inputs
// in, appends the records that come out to the coordinator's log, wakes it when a time-out is due,
// and gives each reply to the handler that asked.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/check.h"
#include "base/guarded.h"
#include "base/log.h"
#include "base/time.h"
#include "broker/coordination/append_queue.h"
#include "broker/coordination/coordinator_log.h"
#include "broker/coordination/coordinator_types.h"
#include "broker/session/responder.h"
#include "io/event_loop.h"
#include "wire/error_codes.h"

namespace millrace::broker {

/// A coordinator has
///   Response                       a variant of all that it answers
///   Effects                        { replies: of {token, response}; appends: of LogAppend }, and
///                                  whatever else is to be done elsewhere: run_errands()
///   Effects appended(AppendId, wire::KafkaError, Instant), once for each append, in their order
///   Effects tick(Instant)
///   std::optional<MonotonicTime> next_deadline() const
///
/// Invariants
///   The coordinator is touched under one lock; replies, appends and all else happen without it.
///   One append is under way at a time: the thread that has the duty (`is_appending`) empties the
///   queue, and hands it to the thread that acknowledges.
///   A request is parked until its reply comes out, also when nobody waits for that any more; what
///   is parked at stop() closes its connection.
/// thread  everything from any thread, but for the timer, which is the loop's
template <class Coordinator>
class CoordinatorShell : public std::enable_shared_from_this<CoordinatorShell<Coordinator>> {
 public:
  using Response = typename Coordinator::Response;
  using Effects = typename Coordinator::Effects;

  /// arguments  the coordinator's
  /// log, loop and clock must outlive the shell, which append callbacks may keep for a while.
  template <class... Arguments>
  CoordinatorShell(CoordinatorLog& log, io::EventLoop& loop, const Clock& clock,
                   Arguments&&... arguments)
      : log_(log), loop_(loop), clock_(clock), inside_(std::forward<Arguments>(arguments)...) {}
  virtual ~CoordinatorShell() = default;
  CoordinatorShell(const CoordinatorShell&) = delete;
  CoordinatorShell& operator=(const CoordinatorShell&) = delete;

  /// Rebuilds the coordinator. Before the loop runs and before the first request: this holds the
  /// lock all the while.
  /// load  what reads the log into the coordinator: (CoordinatorLog&, Coordinator&, Instant)
  /// cost  reads the log
  template <class Load>
  Status load(Load&& load) {
    return inside_.with([&](Inside& inside) { return load(log_, inside.coordinator, now()); });
  }

  /// Lets go of what is parked, and of later requests.
  void stop() {
    // Their responders close the connections, which must not happen under the lock.
    const auto dropped = inside_.with([](Inside& inside) {
      inside.is_stopped = true;
      return std::exchange(inside.parked, {});
    });
  }

  /// Hands an input to the coordinator and does what comes out.
  /// input  (Coordinator&, Instant) -> Effects
  template <class Input>
  void tell(Input&& input) {
    deliver(inside_.with([&](Inside& inside) {
      return inside.is_stopped ? Outgoing{} : absorb(inside, input(inside.coordinator, now()));
    }));
  }

  /// The same for a request, whose answer goes to `reply`. Returns its token; kNoRequest when the
  /// shell has stopped.
  /// input  (Coordinator&, RequestToken, Instant) -> Effects
  template <class OneResponse, class Input>
  RequestToken ask(Responder<OneResponse> reply, Input&& input) {
    RequestToken token = kNoRequest;
    deliver(inside_.with([&](Inside& inside) {
      if (inside.is_stopped) return Outgoing{};
      token = RequestToken{++inside.last_token};
      inside.parked.emplace(token, std::move(reply));
      return absorb(inside, input(inside.coordinator, token, now()));
    }));
    return token;
  }

  /// What lets go of the reply to a request that was asked, when nobody is there to hear it. The
  /// coordinator, which still owes an answer, is not told. Does nothing once the request was
  /// answered, or the shell has gone.   thread  of the call it makes: any
  std::function<void()> abandoning(RequestToken token) {
    return [weak = this->weak_from_this(), token] {
      if (const auto shell = weak.lock()) shell->abandon(token);
    };
  }

  /// Looks at the coordinator.   look  (const Coordinator&)
  template <class Look>
  auto look(Look&& look) {
    return inside_.with([&](const Inside& inside) { return look(inside.coordinator); });
  }

  /// Wakes the coordinator for what is due.
  void tick() {
    tell([](Coordinator& coordinator, Instant now) { return coordinator.tick(now); });
  }

 private:
  /// A responder of one kind of Response; std::monostate when nobody is there to hear it.
  template <class>
  struct ResponderFor;
  template <class... Responses>
  struct ResponderFor<std::variant<Responses...>> {
    using type = std::variant<std::monostate, Responder<Responses>...>;
  };
  using Parked = typename ResponderFor<Response>::type;

  struct Inside {
    template <class... Arguments>
    explicit Inside(Arguments&&... arguments)
        : coordinator(std::forward<Arguments>(arguments)...) {}

    Coordinator coordinator;
    std::unordered_map<RequestToken, Parked> parked;
    std::uint64_t last_token = 0;
    AppendQueue queue;
    bool is_appending = false;              // some thread has the duty to empty the queue
    std::optional<MonotonicTime> wakes_at;  // when the timer will call, or was asked to
    bool is_stopped = false;
  };

  /// What is left to do once the lock is free.
  struct Outgoing {
    std::vector<std::pair<Parked, Response>> replies;
    Effects rest;  // without replies and appends
    bool must_append = false;
    bool must_arm = false;
  };

  /// Whether an append has been acknowledged before the call that asked for it returned.
  struct Handover {
    bool has_returned = false;
    std::optional<Status> status;
  };

  /// Does what `effects` ask for besides replies and appends. Called without the lock, from any
  /// thread, several at a time.
  virtual void run_errands(Effects effects) { (void)effects; }

  Instant now() const { return {clock_.monotonic(), clock_.wall()}; }

  void abandon(RequestToken token) {
    // What goes with a responder must not go under the lock.
    const Parked dropped = inside_.with([&](Inside& inside) {
      const auto parked = inside.parked.find(token);
      return parked == inside.parked.end() ? Parked{} : std::exchange(parked->second, Parked{});
    });
  }

  static Outgoing absorb(Inside& inside, Effects effects) {
    Outgoing out;
    for (auto& reply : effects.replies) {
      auto node = inside.parked.extract(reply.token);
      CHECK(!node.empty(), "request {} was answered twice", reply.token);
      out.replies.emplace_back(std::move(node.mapped()), std::move(reply.response));
    }
    for (LogAppend& append : effects.appends) inside.queue.push(std::move(append));
    if (!inside.queue.empty() && !inside.is_appending) {
      inside.is_appending = true;
      out.must_append = true;
    }
    const auto deadline = inside.coordinator.next_deadline();
    if (deadline && (!inside.wakes_at || *deadline < *inside.wakes_at)) {
      inside.wakes_at = deadline;
      out.must_arm = true;
    }
    out.rest = std::move(effects);
    return out;
  }

  static void send(Parked& parked, Response& response) {
    std::visit(
        [&](auto& content) {
          using One = std::decay_t<decltype(content)>;
          if (std::holds_alternative<std::monostate>(parked)) return;
          std::get<Responder<One>>(parked).send(std::move(content));
        },
        response);
  }

  void deliver(Outgoing out) {
    if (out.must_arm) {
      loop_.post([weak = this->weak_from_this()] {
        if (const auto shell = weak.lock()) shell->arm();
      });
    }
    for (auto& [parked, response] : out.replies) send(parked, response);
    run_errands(std::move(out.rest));
    if (out.must_append) empty_queue();
  }

  // ---- time: on the loop's thread ----

  void arm() {
    const auto deadline = inside_.with(
        [](Inside& inside) { return inside.is_stopped ? std::nullopt : inside.wakes_at; });
    if (!deadline) return;
    loop_.cancel(timer_);
    const auto left = std::max(*deadline - clock_.monotonic(), std::chrono::nanoseconds{0});
    timer_ = loop_.call_after(std::chrono::ceil<Millis>(left), [weak = this->weak_from_this()] {
      if (const auto shell = weak.lock()) shell->wake();
    });
  }

  void wake() {
    deliver(inside_.with([&](Inside& inside) {
      if (inside.is_stopped) return Outgoing{};
      inside.wakes_at.reset();
      return absorb(inside, inside.coordinator.tick(now()));
    }));
  }

  // ---- appends: on the thread that has the duty, one after another ----

  void empty_queue() {
    for (;;) {
      const auto partition_count = log_.ensure_partitions();
      if (!partition_count.ok()) {
        const auto ids = inside_.with([](Inside& inside) { return inside.queue.take_all(); });
        acknowledge(ids, partition_count.error());
      }
      auto batch = inside_.with([&](Inside& inside) -> std::optional<AppendQueue::Batch> {
        if (inside.queue.empty() || inside.is_stopped) {
          inside.is_appending = false;
          return std::nullopt;
        }
        if (!partition_count.ok()) return AppendQueue::Batch{};
        return inside.queue.take(*partition_count);
      });
      if (!batch) return;
      if (!batch->ids.empty() && !append(std::move(*batch))) return;
    }
  }

  /// False when the acknowledgement is still to come; the duty goes on with it.
  bool append(AppendQueue::Batch batch) {
    const auto handover = std::make_shared<Guarded<Handover>>();
    const auto on_done = [shell = this->shared_from_this(), handover,
                          ids = batch.ids](Status status) {
      const bool is_early = handover->with([&](Handover& state) {
        if (!state.has_returned) state.status = status;
        return !state.has_returned;
      });
      if (is_early) return;
      shell->acknowledge(ids, status);
      shell->empty_queue();
    };
    if (const LogMarker* const marker = batch.marker()) {
      log_.append_marker(*marker, on_done);
    } else {
      log_.append(batch.partition, batch.encode(), batch.guard(), on_done);
    }
    const auto status = handover->with([](Handover& state) {
      state.has_returned = true;
      return state.status;
    });
    if (status) acknowledge(batch.ids, *status);
    return status.has_value();
  }

  /// What the log is there to refuse, and anybody can ask for: a transaction that is over, a
  /// producer or a coordinator that was replaced.
  static bool is_of_a_late_producer(wire::KafkaError error) {
    return error == wire::KafkaError::kInvalidTxnState ||
           error == wire::KafkaError::kInvalidProducerEpoch ||
           error == wire::KafkaError::kTransactionCoordinatorFenced;
  }

  void acknowledge(const std::vector<AppendId>& ids, const Status& status) {
    const wire::KafkaError error =
        status.ok() ? wire::KafkaError::kNone : wire::kafka_error_of(status.error());
    if (!status.ok() && !is_of_a_late_producer(error)) {
      LOG_ERROR("a coordinator's log refused records",
                {{"topic", log_.topic()}, {"reason", status.error().to_string()}});
    }
    for (const AppendId id : ids) {
      tell([&](Coordinator& coordinator, Instant now) {
        return coordinator.appended(id, error, now);
      });
    }
  }

  CoordinatorLog& log_;
  io::EventLoop& loop_;
  const Clock& clock_;
  io::TimerId timer_ = 0;  // the loop's thread only
  Guarded<Inside> inside_;
};

}  // namespace millrace::broker
