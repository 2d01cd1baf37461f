// Fetch, versions 4–18.
//   Waits up to max_wait_ms for min_bytes, but no longer than a connection may be idle, and not for
//   a client that is gone. An error or a diverging epoch is answered at once.
//   A node without a replica of the partition, and a client whose leader is another by now, are
//   told who leads and where (KIP-951, v12 and v16).
//   With replica.selector.class the leader sends a client to a replica in the client's rack, at
//   once and without records (KIP-392, v11); any replica serves it from there, up to the high
//   watermark. Records leave as they lie in the log: whole batches, from the one that holds the
//   offset. Within a session (KIP-227) a request names what has changed since the last one, and the
//   answer only what has something to say; see FetchSession. A full answer that says session 0 says
//   that there is none: the client then asks for everything each time.
// Version notes: v7 brings sessions; v12 tells where histories diverge (KIP-595); v13 names topics
// by id (KIP-516).
#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "broker/fetching/fetch_read.h"
#include "broker/fetching/fetch_sessions.h"
#include "broker/fetching/replica_selection.h"
#include "broker/handlers/handlers.h"
#include "broker/handlers/replies.h"
#include "broker/topics/topic_catalogue.h"
#include "wire/messages/fetch.h"

namespace millrace::broker {

namespace {

using wire::FetchRequest;
using wire::FetchResponse;
using wire::KafkaError;

constexpr std::int8_t kReadCommitted = 1;

/// Whether there is no reason to wait for more.
bool is_enough(const FetchFound& found, const FetchRequest& request, const FetchLimits& limits) {
  if (found.is_urgent) return true;
  // More than fits into the answer never comes together.
  const std::size_t wanted =
      std::min({static_cast<std::size_t>(std::max(request.min_bytes, 0)),
                static_cast<std::size_t>(std::max(request.max_bytes, 0)), limits.bytes_max});
  return found.bytes >= wanted;
}

void name_leaders_to_reader(FetchResponse& response, const Nodes& nodes,
                            const ConnectionState& connection) {
  const auto list = nodes.list();
  for (const auto& topic : response.responses) {
    for (const auto& partition : topic.partitions) {
      if (asks_for_the_leader(static_cast<KafkaError>(partition.error_code)))
        add_endpoint(response.node_endpoints, BrokerId{partition.current_leader.leader_id}, *list,
                     connection);
    }
  }
}

/// The answer, which the session of the fetch makes shorter before it leaves.
class FetchReply {
 public:
  FetchReply(SessionFetch fetch, const RequestContext& context, BrokerState& state,
             Responder<FetchResponse> reply)
      : fetch_(std::move(fetch)),
        sessions_(&state.fetch_sessions),
        nodes_(&state.nodes),
        connection_(context.connection),
        api_version_(context.api_version),
        now_(context.now),
        reply_(std::move(reply)) {}

  bool is_pending() const { return reply_.is_pending(); }
  void send(FetchFound found) {
    FetchResponse& response = found.response;
    sessions_->with(
        [&](FetchSessionCache& sessions) { sessions.finish(std::move(fetch_), response, now_); });
    if (response.responses.empty()) found.files.clear();
    constexpr std::int16_t kEndpointsSince = 16;
    if (found.is_urgent && api_version_ >= kEndpointsSince)
      name_leaders_to_reader(response, *nodes_, *connection_);
    reply_.send(std::move(response), std::move(found.files));
  }

 private:
  SessionFetch fetch_;
  FetchSessions* sessions_;
  const Nodes* nodes_;
  std::shared_ptr<const ConnectionState> connection_;
  std::int16_t api_version_;
  MonotonicTime now_;  // when the request came
  Responder<FetchResponse> reply_;
};

/// A fetch that waits for records. Its timer owns it; partitions only know how to wake it.
/// Owner loop only, but for wake().
class ParkedFetch : public std::enable_shared_from_this<ParkedFetch> {
 public:
  ParkedFetch(FetchRequest request, FetchLimits limits, const FetchFound& found,
              TopicCatalogue& topics, io::EventLoop& loop, FetchReply reply)
      : request_(std::move(request)),
        limits_(limits),
        unknown_count_(found.unknown_count),
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
    const bool has_changed = found.unknown_count != unknown_count_;
    if (has_changed || is_enough(found, request_, limits_)) answer(std::move(found));
  }

  void answer(FetchFound found) {
    if (!reply_.is_pending()) return;
    leave();
    reply_.send(std::move(found));
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
  const std::size_t unknown_count_;  // when it began to wait
  TopicCatalogue& topics_;
  io::EventLoop& loop_;
  FetchReply reply_;
  io::TimerId timer_ = 0;
  std::vector<Wait> waits_;
  std::atomic<bool> is_wake_posted_ = false;
};

/// What Kafka answers to an isolation level that is none.
FetchResponse refused_altogether(const FetchRequest& request) {
  FetchResponse response;
  response.error_code = code_of(KafkaError::kUnknownServerError);
  for (const auto& topic : request.topics) {
    auto& answer = response.responses.emplace_back();
    answer.topic = topic.topic;
    answer.topic_id = topic.topic_id;
    for (const auto& wanted : topic.partitions) {
      auto& refused = answer.partitions.emplace_back();
      refused.partition_index = wanted.partition;
      refused.error_code = response.error_code;
      refused.high_watermark = -1;
    }
  }
  return response;
}

/// A topic is known by its name too, for as long as a session lasts.
void name_topics(FetchRequest& request, const TopicTable& topics) {
  for (auto& wanted : request.topics) {
    const Topic* const topic = topics.find(wanted.topic_id);
    wanted.topic = topic == nullptr ? std::string() : topic->name;
  }
}

}  // namespace

void handle_fetch(FetchRequest request, RequestContext context, BrokerState& state,
                  Responder<FetchResponse> reply) {
  if (request.isolation_level < 0 || request.isolation_level > kReadCommitted)
    return reply.send(refused_altogether(request));
  const auto topics = state.topics.table();
  const NamedBy by = fetch_names_topics_by(context.api_version);
  if (by == NamedBy::kId) name_topics(request, *topics);
  auto fetch = state.fetch_sessions.with(
      [&](FetchSessionCache& sessions) { return sessions.begin(request, by, context.now); });
  if (fetch.error != KafkaError::kNone) {
    FetchResponse response;
    response.error_code = code_of(fetch.error);
    return reply.send(std::move(response));
  }
  FetchReply answer(std::move(fetch), context, state, std::move(reply));

  const FetchLimits limits{
      .api_version = context.api_version,
      .node = context.node,
      .bytes_max = state.config.fetch_bytes_max,
      .racks = state.config.replica_selector == kRackAwareSelector ? &state.nodes : nullptr};
  auto found = read_fetch(request, *topics, limits);
  if (found.knows_none() || request.max_wait_ms <= 0 || is_enough(found, request, limits))
    return answer.send(std::move(found));

  // Beyond that the session would count the connection as idle, and close it.
  const Millis wait = std::min(Millis{request.max_wait_ms}, state.config.connections_max_idle);
  std::make_shared<ParkedFetch>(std::move(request), limits, found, state.topics, *context.loop,
                                std::move(answer))
      ->park(context, wait);
}

}  // namespace millrace::broker
