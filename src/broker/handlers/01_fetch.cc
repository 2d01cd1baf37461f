// Fetch, versions 4–18.
//   Waits up to max_wait_ms for min_bytes, but no longer than a connection may be idle, and not for
//   a client that is gone. An error or a diverging epoch is answered at once.
//   Records leave as they lie in the log: whole batches, from the one that holds the offset.
//   Sessions are not kept: every answer is full and says session 0, which clients take as "none".
// Version notes: v12 tells where histories diverge (KIP-595); v13 names topics by id (KIP-516).
#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "broker/handlers/handlers.h"
#include "broker/handlers/replies.h"
#include "broker/topics/fetch_read.h"
#include "broker/topics/topic_catalogue.h"
#include "wire/messages/fetch.h"

namespace millrace::broker {

namespace {

using wire::FetchRequest;
using wire::FetchResponse;
using wire::KafkaError;

constexpr std::int32_t kFinalSessionEpoch = -1;
constexpr std::int8_t kReadCommitted = 1;

/// A fetch that waits for records. Its timer owns it; partitions only know how to wake it.
/// Owner loop only, but for wake().
class ParkedFetch : public std::enable_shared_from_this<ParkedFetch> {
 public:
  ParkedFetch(FetchRequest request, FetchLimits limits, TopicCatalogue& topics, io::EventLoop& loop,
              Responder<FetchResponse> reply)
      : request_(std::move(request)),
        limits_(limits),
        topics_(topics),
        loop_(loop),
        reply_(std::move(reply)) {}

  ~ParkedFetch() { leave(); }
  ParkedFetch(const ParkedFetch&) = delete;
  ParkedFetch& operator=(const ParkedFetch&) = delete;

  void park(const RequestContext& context, Millis wait) {
    timer_ = loop_.call_after(wait, [self = shared_from_this()] {
      self->timer_ = 0;
      self->answer(self->read());
    });
    context.when_abandoned([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->loop_.cancel(std::exchange(self->timer_, 0));
    });
    register_waiters();
    // What arrived between the first look and the registration woke nobody.
    look_again();
  }

 private:
  FetchFound read() const { return read_fetch(request_, *topics_.table(), limits_); }

  void register_waiters() {
    const auto table = topics_.table();
    const NamedBy by = fetch_names_topics_by(limits_.api_version);
    for (const auto& wanted : request_.topics) {
      const Topic* const topic = table->find(by, wanted.topic, wanted.topic_id);
      if (topic == nullptr) continue;
      for (const auto& each : wanted.partitions) {
        if (topic->partition(each.partition) == nullptr) continue;
        const auto& partition = topic->partitions[static_cast<std::size_t>(each.partition)];
        const auto id = partition->add_waiter(
            [weak = weak_from_this()] {
              if (const auto self = weak.lock()) self->wake();
            },
            request_.isolation_level == kReadCommitted ? Partition::WaitsFor::kLastStableOffset
                                                       : Partition::WaitsFor::kHighWatermark);
        waits_.push_back({partition, id});
      }
    }
  }

  /// thread  any
  void wake() {
    if (is_wake_posted_.exchange(true)) return;
    loop_.post([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self == nullptr) return;
      self->is_wake_posted_.store(false);
      self->look_again();
    });
  }

  void look_again() {
    if (!reply_.is_pending()) return;
    auto found = read();
    if (found.is_urgent || found.bytes >= static_cast<std::size_t>(std::max(request_.min_bytes, 0)))
      answer(std::move(found));
  }

  void answer(FetchFound found) {
    if (!reply_.is_pending()) return;
    leave();
    reply_.send(std::move(found.response), std::move(found.files));
    loop_.cancel(std::exchange(timer_, 0));
  }

  void leave() {
    for (const auto& wait : waits_) wait.partition->remove_waiter(wait.id);
    waits_.clear();
  }

  struct Wait {
    std::shared_ptr<Partition> partition;
    WaiterId id;
  };

  const FetchRequest request_;
  const FetchLimits limits_;
  TopicCatalogue& topics_;
  io::EventLoop& loop_;
  Responder<FetchResponse> reply_;
  io::TimerId timer_ = 0;
  std::vector<Wait> waits_;
  std::atomic<bool> is_wake_posted_ = false;
};

FetchResponse session_unknown() {
  FetchResponse response;
  response.error_code = code_of(KafkaError::kFetchSessionIdNotFound);
  return response;
}

}  // namespace

void handle_fetch(FetchRequest request, RequestContext context, BrokerState& state,
                  Responder<FetchResponse> reply) {
  if (request.session_id != 0 && request.session_epoch != kFinalSessionEpoch)
    return reply.send(session_unknown());

  const FetchLimits limits{context.api_version, state.config.fetch_bytes_max};
  auto found = read_fetch(request, *state.topics.table(), limits);
  const bool is_enough = found.bytes >= static_cast<std::size_t>(std::max(request.min_bytes, 0));
  if (is_enough || found.is_urgent || request.max_wait_ms <= 0 || request.topics.empty())
    return reply.send(std::move(found.response), std::move(found.files));

  // Beyond that the session would count the connection as idle, and close it.
  const Millis wait = std::min(Millis{request.max_wait_ms}, state.config.connections_max_idle);
  std::make_shared<ParkedFetch>(std::move(request), limits, state.topics, *context.loop,
                                std::move(reply))
      ->park(context, wait);
}

}  // namespace millrace::broker
