#include "broker/groups/group_service.h"

#include <chrono>
#include <optional>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/check.h"
#include "base/guarded.h"
#include "base/log.h"
#include "broker/groups/coordinator/group_coordinator.h"
#include "broker/groups/offsets/append_queue.h"
#include "broker/groups/offsets/group_loader.h"

namespace millrace::broker {

namespace {

/// A responder of each kind of GroupResponse, in the same order.
template <class>
struct ResponderFor;
template <class... Responses>
struct ResponderFor<std::variant<Responses...>> {
  using type = std::variant<Responder<Responses>...>;
};
using Parked = ResponderFor<GroupResponse>::type;

struct Inside {
  Inside(const GroupConfig& config, Random random) : coordinator(config, random) {}

  GroupCoordinator coordinator;
  std::unordered_map<RequestToken, Parked> parked;
  std::uint64_t last_token = 0;
  AppendQueue queue;
  bool is_appending = false;              // some thread has the duty to empty the queue
  std::optional<MonotonicTime> wakes_at;  // when the timer will call, or was asked to
  bool is_stopped = false;
};

/// What is left to do once the lock is free.
struct Outgoing {
  std::vector<std::pair<Parked, GroupResponse>> replies;
  bool must_append = false;
  bool must_arm = false;
};

Outgoing absorb(Inside& inside, GroupEffects effects) {
  Outgoing out;
  for (GroupReply& reply : effects.replies) {
    auto node = inside.parked.extract(reply.token);
    CHECK(!node.empty(), "request {} was answered twice", reply.token);
    out.replies.emplace_back(std::move(node.mapped()), std::move(reply.response));
  }
  for (GroupAppend& append : effects.appends) inside.queue.push(std::move(append));
  if (!inside.queue.empty() && !inside.is_appending) {
    inside.is_appending = true;
    out.must_append = true;
  }
  const auto deadline = inside.coordinator.next_deadline();
  if (deadline && (!inside.wakes_at || *deadline < *inside.wakes_at)) {
    inside.wakes_at = deadline;
    out.must_arm = true;
  }
  return out;
}

void send(Parked& parked, GroupResponse& response) {
  std::visit(
      [&](auto& content) {
        using Response = std::decay_t<decltype(content)>;
        std::get<Responder<Response>>(parked).send(std::move(content));
      },
      response);
}

/// Whether an append has been acknowledged before the call that asked for it returned.
struct Handover {
  bool has_returned = false;
  std::optional<Status> status;
};

}  // namespace

class GroupService::Shell : public std::enable_shared_from_this<Shell> {
 public:
  Shell(const GroupConfig& config, OffsetsLog& log, io::EventLoop& loop, const Clock& clock,
        Random random)
      : log_(log), loop_(loop), clock_(clock), inside_(config, random) {}

  Status load() {
    return inside_.with(
        [&](Inside& inside) { return load_groups(log_, inside.coordinator, now()); });
  }

  void stop() {
    // Their responders close the connections, which must not happen under the lock.
    const auto dropped = inside_.with([](Inside& inside) {
      inside.is_stopped = true;
      return std::exchange(inside.parked, {});
    });
  }

  /// Hands an input to the coordinator and does what comes out.
  template <class Input>
  void tell(Input&& input) {
    deliver(inside_.with([&](Inside& inside) {
      return inside.is_stopped ? Outgoing{} : absorb(inside, input(inside));
    }));
  }

  /// The same for a request, whose answer goes to `reply`.
  template <class Response, class Input>
  void ask(Responder<Response> reply, Input&& input) {
    tell([&](Inside& inside) {
      const RequestToken token{++inside.last_token};
      inside.parked.emplace(token, std::move(reply));
      return input(inside.coordinator, token, now());
    });
  }

  void topic_deleted(std::string_view topic) {
    tell([&](Inside& inside) { return inside.coordinator.topic_deleted(topic, now()); });
  }

  /// Wakes the coordinator for what is due after load(), too.
  void begin() {
    tell([&](Inside& inside) { return inside.coordinator.tick(now()); });
  }

 private:
  Instant now() const { return {clock_.monotonic(), clock_.wall()}; }

  void deliver(Outgoing out) {
    if (out.must_arm) {
      loop_.post([weak = weak_from_this()] {
        if (const auto shell = weak.lock()) shell->arm();
      });
    }
    for (auto& [parked, response] : out.replies) send(parked, response);
    if (out.must_append) empty_queue();
  }

  // ---- time: on the loop's thread ----

  void arm() {
    const auto deadline = inside_.with(
        [](Inside& inside) { return inside.is_stopped ? std::nullopt : inside.wakes_at; });
    if (!deadline) return;
    loop_.cancel(timer_);
    const auto left = std::max(*deadline - clock_.monotonic(), std::chrono::nanoseconds{0});
    timer_ = loop_.call_after(std::chrono::ceil<Millis>(left), [weak = weak_from_this()] {
      if (const auto shell = weak.lock()) shell->wake();
    });
  }

  void wake() {
    tell([&](Inside& inside) {
      inside.wakes_at.reset();
      return inside.coordinator.tick(now());
    });
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
    const auto on_done = [shell = shared_from_this(), handover, ids = batch.ids](Status status) {
      const bool is_early = handover->with([&](Handover& state) {
        if (!state.has_returned) state.status = status;
        return !state.has_returned;
      });
      if (is_early) return;
      shell->acknowledge(ids, status);
      shell->empty_queue();
    };
    log_.append(batch.partition, batch.encode(), on_done);
    const auto status = handover->with([](Handover& state) {
      state.has_returned = true;
      return state.status;
    });
    if (status) acknowledge(batch.ids, *status);
    return status.has_value();
  }

  void acknowledge(const std::vector<AppendId>& ids, const Status& status) {
    if (!status.ok()) {
      LOG_ERROR("__consumer_offsets refused records", {{"reason", status.error().to_string()}});
    }
    const wire::KafkaError error =
        status.ok() ? wire::KafkaError::kNone : wire::kafka_error_of(status.error());
    for (const AppendId id : ids) {
      tell([&](Inside& inside) { return inside.coordinator.appended(id, error, now()); });
    }
  }

  OffsetsLog& log_;
  io::EventLoop& loop_;
  const Clock& clock_;
  io::TimerId timer_ = 0;  // the loop's thread only
  Guarded<Inside> inside_;
};

GroupService::GroupService(const GroupConfig& config, OffsetsLog& log, io::EventLoop& loop,
                           const Clock& clock, Random random)
    : shell_(std::make_shared<Shell>(config, log, loop, clock, random)) {}

GroupService::~GroupService() {
  stop();
}

Status GroupService::load() {
  auto loaded = shell_->load();
  if (loaded.ok()) shell_->begin();
  return loaded;
}

void GroupService::stop() {
  shell_->stop();
}

void GroupService::join(const GroupCaller& caller, wire::JoinGroupRequest request,
                        Responder<wire::JoinGroupResponse> reply) {
  shell_->ask(std::move(reply), [&](GroupCoordinator& groups, RequestToken token, Instant now) {
    return groups.join(token, caller, std::move(request), now);
  });
}

void GroupService::sync(const GroupCaller& caller, wire::SyncGroupRequest request,
                        Responder<wire::SyncGroupResponse> reply) {
  shell_->ask(std::move(reply), [&](GroupCoordinator& groups, RequestToken token, Instant now) {
    return groups.sync(token, caller, std::move(request), now);
  });
}

void GroupService::heartbeat(const GroupCaller&, wire::HeartbeatRequest request,
                             Responder<wire::HeartbeatResponse> reply) {
  shell_->ask(std::move(reply), [&](GroupCoordinator& groups, RequestToken token, Instant now) {
    return groups.heartbeat(token, request, now);
  });
}

void GroupService::leave(const GroupCaller& caller, wire::LeaveGroupRequest request,
                         Responder<wire::LeaveGroupResponse> reply) {
  shell_->ask(std::move(reply), [&](GroupCoordinator& groups, RequestToken token, Instant now) {
    return groups.leave(token, caller, std::move(request), now);
  });
}

void GroupService::commit_offsets(const GroupCaller& caller, wire::OffsetCommitRequest request,
                                  Responder<wire::OffsetCommitResponse> reply) {
  shell_->ask(std::move(reply), [&](GroupCoordinator& groups, RequestToken token, Instant now) {
    return groups.commit_offsets(token, caller, std::move(request), now);
  });
}

void GroupService::fetch_offsets(const GroupCaller& caller, wire::OffsetFetchRequest request,
                                 Responder<wire::OffsetFetchResponse> reply) {
  shell_->ask(std::move(reply), [&](GroupCoordinator& groups, RequestToken token, Instant now) {
    return groups.fetch_offsets(token, caller, std::move(request), now);
  });
}

void GroupService::describe(const GroupCaller& caller, wire::DescribeGroupsRequest request,
                            Responder<wire::DescribeGroupsResponse> reply) {
  shell_->ask(std::move(reply), [&](GroupCoordinator& groups, RequestToken token, Instant now) {
    return groups.describe(token, caller, request, now);
  });
}

void GroupService::list(const GroupCaller& caller, wire::ListGroupsRequest request,
                        Responder<wire::ListGroupsResponse> reply) {
  shell_->ask(std::move(reply), [&](GroupCoordinator& groups, RequestToken token, Instant now) {
    return groups.list(token, caller, request, now);
  });
}

void GroupService::delete_groups(const GroupCaller&, wire::DeleteGroupsRequest request,
                                 Responder<wire::DeleteGroupsResponse> reply) {
  shell_->ask(std::move(reply), [&](GroupCoordinator& groups, RequestToken token, Instant now) {
    return groups.delete_groups(token, request, now);
  });
}

void GroupService::topic_deleted(std::string_view topic) {
  shell_->topic_deleted(topic);
}

}  // namespace millrace::broker
