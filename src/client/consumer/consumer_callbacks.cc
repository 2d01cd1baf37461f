// What the application runs inside its calls: rebalances, with its listener, and callbacks of
// commits.
#include <algorithm>
#include <optional>
#include <utility>

#include "base/fence.h"
#include "base/log.h"
#include "client/consumer/consumer_core.h"

namespace millrace::client {

// True when a callback ran that may have changed the assignment. All that wait are run; the error
// is that of the first that failed.
Result<bool> Consumer::Core::run_callbacks() {
  if (in_callback_) return false;
  bool has_run = false;
  Status outcome;
  for (;;) {
    std::optional<ApplicationCall> next;
    shared_.with([&](auto& state) {
      if (state.for_application.empty()) return;
      next = std::move(state.for_application.front());
      state.for_application.pop_front();
    });
    if (!next) break;
    in_callback_ = true;
    keep_first(outcome, next->run());
    in_callback_ = false;
    has_run = true;
  }
  if (!outcome.ok()) return std::move(outcome).error();
  return has_run;
}

// What the group wanted of the application does not matter any more; callbacks of commits do.
void Consumer::Core::drop_rebalances() {
  shared_.with([](auto& state) {
    auto& calls = state.for_application;
    calls.erase(std::remove_if(calls.begin(), calls.end(),
                               [](const ApplicationCall& call) {
                                 return call.kind == ApplicationCall::Kind::kRebalance;
                               }),
                calls.end());
  });
}

// On the loop: the application learns of it inside poll().
void Consumer::Core::queue_rebalance(const Rebalance& rebalance,
                                     const std::optional<ConsumerGroupMetadata>& membership) {
  shared_.change([&](auto& state) {
    if (rebalance.is_complete) ++state.metrics.rebalances;
    state.for_application.push_back(
        {ApplicationCall::Kind::kRebalance,
         [this, rebalance, membership] { return run_rebalance(rebalance, membership); }});
  });
}

// Whatever the listener throws, the rebalance is gone through with: the group counts on it.
Status Consumer::Core::run_rebalance(const Rebalance& rebalance,
                                     const std::optional<ConsumerGroupMetadata>& membership) {
  Status outcome;
  if (membership) shared_.with([&](auto& state) { state.membership = *membership; });
  if (!rebalance.revoked.empty()) {
    if (config_.auto_commit_interval && how_given_up() == GivenUp::kRevoked) {
      const auto status = commit_sync(positions());
      if (!status.ok()) {
        LOG_WARN("commit before a rebalance failed", {{"error", status.error().to_string()}});
      }
    }
    keep_first(outcome, give_up(rebalance.revoked, how_given_up()));
  }
  keep_first(outcome, give_up(rebalance.lost, GivenUp::kLost));
  if (!rebalance.assigned.empty()) {
    shared_.with([&](auto& state) {
      auto all = state.fetch.assignment();
      all.insert(all.end(), rebalance.assigned.begin(), rebalance.assigned.end());
      state.fetch.set_assignment(all);
    });
  }
  if (rebalance.is_complete && listener_.on_assigned) {
    keep_first(outcome, fenced("the rebalance listener's on_assigned",
                               [&] { listener_.on_assigned(rebalance.assigned); }));
  }
  thread_.post([this] {
    if (group_ != nullptr) group_->rebalance_done();
    if (fetcher_ != nullptr) fetcher_->run();
  });
  return outcome;
}

// The member may have been expelled since the group asked for partitions: then it has not kept them
// from others.
Consumer::Core::GivenUp Consumer::Core::how_given_up() {
  const bool has_place = shared_.with([](auto& state) { return state.has_place; });
  return has_place ? GivenUp::kRevoked : GivenUp::kLost;
}

Status Consumer::Core::give_up_all() {
  return give_up(shared_.with([](auto& state) { return state.fetch.assignment(); }),
                 how_given_up());
}

Status Consumer::Core::give_up(const PartitionList& partitions, GivenUp how) {
  if (partitions.empty()) return {};
  Status outcome;
  const bool was_in_callback = std::exchange(in_callback_, true);
  if (how == GivenUp::kLost && listener_.on_lost) {
    outcome = fenced("the rebalance listener's on_lost", [&] { listener_.on_lost(partitions); });
  } else if (listener_.on_revoked) {
    outcome =
        fenced("the rebalance listener's on_revoked", [&] { listener_.on_revoked(partitions); });
  }
  in_callback_ = was_in_callback;
  shared_.with([&](auto& state) {
    auto rest = state.fetch.assignment();
    rest.erase(std::remove_if(rest.begin(), rest.end(),
                              [&](const TopicPartition& each) {
                                return std::find(partitions.begin(), partitions.end(), each) !=
                                       partitions.end();
                              }),
               rest.end());
    state.fetch.set_assignment(rest);
  });
  return outcome;
}

}  // namespace millrace::client
