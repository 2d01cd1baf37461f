// GroupDriver: a consumer's place in its group: performs what the member of either protocol
// decides, with requests to the coordinator, timers, and rebalances handed to the application.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/lifetime.h"
#include "base/log.h"
#include "client/cluster/cluster.h"
#include "client/config/client_config.h"
#include "client/consumer/consumer_shared.h"
#include "client/group/group_effects.h"
#include "client/group/offered_assignor.h"
#include "client/group/subscription.h"

namespace millrace::client {

/// What Consumer::Core sees of a group, and what the drivers of both protocols share. Which one it
/// is, is chosen once, by make().
///
/// Invariants:
/// - Every input to the member is followed by perform(), which performs all effects in their order
///   and leaves the timer and what is published as the member wants them.
/// - A Rebalance goes to the application once, and the member hears of it by rebalance_done() once;
///   meanwhile heartbeats go on.
/// - Answers carry the ticket of their request, so that the member can tell which came too late.
/// thread  the loop's
class GroupDriver {
 public:
  /// What the application has to run and, where that is not published before, as whom it commits
  /// from then on.
  using OnRebalance =
      std::function<void(const Rebalance&, const std::optional<ConsumerGroupMetadata>&)>;

  /// Of the protocol that the configuration names.
  /// assignors     of the classic protocol
  /// on_rebalance  to be run by the application inside poll(), which then calls rebalance_done()
  static std::unique_ptr<GroupDriver> make(const ConsumerConfig& config, OfferedAssignors assignors,
                                           Cluster& cluster, ConsumerShared& shared,
                                           OnRebalance on_rebalance);
  virtual ~GroupDriver();
  GroupDriver(const GroupDriver&) = delete;
  GroupDriver& operator=(const GroupDriver&) = delete;

  /// Follows the topics in the metadata as well.
  virtual void subscribe(const Subscription& subscription) = 0;
  virtual void rebalance_done() = 0;
  /// What became of a commit that was made as `membership`.
  virtual void commit_answered(const ConsumerGroupMetadata& membership, const Status& outcome) = 0;
  /// Topics may have grown, or become known.
  virtual void metadata_changed() = 0;
  /// Leaves; `done` runs once the coordinator knows, or cannot be told within `timeout`.
  void leave(std::string_view reason, Millis timeout, std::function<void()> done);

 protected:
  GroupDriver(const ConsumerConfig& config, Cluster& cluster, ConsumerShared& shared,
              OnRebalance on_rebalance);

  // ── What each protocol does in its own way ──

  /// Calls publish_place(), performs all effects, then calls settle().
  virtual void perform() = 0;
  virtual void member_leave(std::string_view reason) = 0;
  virtual void member_on_time(MonotonicTime now) = 0;
  virtual void member_on_poll_overdue() = 0;
  virtual std::optional<MonotonicTime> member_deadline() const = 0;
  /// The member as whom a commit is made, without a generation while the group does not count on
  /// it.
  virtual ConsumerGroupMetadata membership() const = 0;

  // ── What they share ──

  template <class Request, class Response>
  void ask_coordinator(Lane lane, Request request, Millis timeout, Done<Response> done);
  /// Tells the coordinator that the member leaves; whoever waits for that hears of it.
  template <class Response, class Request>
  void tell_leave(Request request);
  void on_failed(const Error& error);
  /// Whether the member has a place. Before its effects: the application runs in another thread
  /// what it is handed, and would take partitions of a member without a place for lost.
  void publish_place();
  /// After all effects: publishes the place, and arms the timer.
  void settle();

  const ConsumerConfig& config_;
  Cluster& cluster_;
  ConsumerShared& shared_;
  const OnRebalance on_rebalance_;
  Lifetime life_;

 private:
  template <class Request, class Response>
  void note_refusal(const Result<Response>& answer);
  void check_poll_interval();
  void arm_timer();

  const CoordinatorKey coordinator_;
  std::function<void()> left_;  // after the answer to leaving
  Millis leave_timeout_{0};
  bool has_place_ = false;  // as published
  io::TimerId timer_ = 0;
};

template <class Request, class Response>
void GroupDriver::ask_coordinator(Lane lane, Request request, Millis timeout, Done<Response> done) {
  const auto lost_its_coordinator = [](const Result<Response>& answer) {
    if (!answer.ok()) return true;
    if constexpr (requires { answer->error_code; }) {
      return wire::error_class(static_cast<wire::KafkaError>(answer->error_code)) ==
             wire::ErrorClass::kFindCoordinator;
    }
    return false;
  };
  cluster_.find_coordinator(
      coordinator_, cluster_.loop().now() + std::min(timeout, config_.connection.request_timeout),
      life_.guard([this, lane, request = std::move(request), timeout, done = std::move(done),
                   lost_its_coordinator](Result<BrokerId> broker) mutable {
        if (!broker.ok()) return done(std::move(broker).error());
        cluster_.call<Request, Response>(
            *broker, lane, std::move(request), timeout,
            life_.guard(
                [this, done = std::move(done), lost_its_coordinator](Result<Response> answer) {
                  if (lost_its_coordinator(answer)) cluster_.forget_coordinator(coordinator_);
                  note_refusal<Request>(answer);
                  done(std::move(answer));
                }));
      }));
}

template <class Request, class Response>
void GroupDriver::note_refusal(const Result<Response>& answer) {
  if (!answer.ok()) return;
  const auto code = static_cast<wire::KafkaError>(answer->error_code);
  const auto error_class = wire::error_class(code);
  // Those that say how to join again are no refusals.
  const bool is_refused = error_class == wire::ErrorClass::kRetriable ||
                          error_class == wire::ErrorClass::kFindCoordinator;
  Refusals& refusals = cluster_.refusals();
  if (!is_refused && refusals.empty()) return;
  const std::string question = question_of(Request::kApiKey, Target::coordinator(coordinator_));
  if (is_refused) {
    refusals.refused(question, wire::make_error(code));
  } else {
    refusals.over(question, Refusals::End::kAnswered);
  }
}

template <class Response, class Request>
void GroupDriver::tell_leave(Request request) {
  auto left = std::make_shared<std::function<void()>>(std::exchange(left_, nullptr));
  ask_coordinator<Request, Response>(Lane::kCoordinator, std::move(request), leave_timeout_,
                                     [left](const Result<Response>& answer) {
                                       if (!answer.ok()) {
                                         LOG_DEBUG("the group was not told that a member leaves",
                                                   {{"error", answer.error().to_string()}});
                                       }
                                       if (*left) (*left)();
                                     });
}

}  // namespace millrace::client
