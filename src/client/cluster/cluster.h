// Cluster: the brokers as a client sees them: channels to each, the metadata and its refresh,
// coordinators, and calls that are retried until they succeed or their time is over.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/lifetime.h"
#include "client/broker_outage.h"
#include "client/cluster/broker_channel.h"
#include "client/cluster/metadata_cache.h"
#include "client/cluster/refusals.h"
#include "client/cluster/version_fit.h"
#include "wire/error_codes.h"

namespace millrace::client {

/// Requests of different lanes to one broker use different connections, because a broker answers
/// those of one connection in order: nothing should wait behind a fetch or a join that is held
/// back.
enum class Lane : std::uint8_t { kMain, kFetch, kSecondFetch, kThirdFetch, kCoordinator, kJoin };

/// Whose state a coordinator keeps. A group and a transaction of one name have nothing in common.
struct CoordinatorKey {
  enum class Type : std::int8_t { kGroup = 0, kTransaction = 1 };  // as on the wire
  Type type = Type::kGroup;
  std::string key;  // group id or transactional id

  static CoordinatorKey group(std::string group_id) { return {Type::kGroup, std::move(group_id)}; }
  static CoordinatorKey transaction(std::string transactional_id) {
    return {Type::kTransaction, std::move(transactional_id)};
  }
  std::string to_string() const;
  auto operator<=>(const CoordinatorKey&) const = default;
};

/// Whom a retried call goes to; decided anew for each try.
struct Target {
  enum class Kind { kAnyBroker, kController, kBroker, kCoordinator } kind = Kind::kAnyBroker;
  BrokerId broker = kNoBroker;
  CoordinatorKey coordinator_of = {};

  static Target any() { return {}; }
  static Target controller() { return {.kind = Kind::kController}; }
  static Target of(BrokerId id) { return {.kind = Kind::kBroker, .broker = id}; }
  static Target coordinator(CoordinatorKey key) {
    return {.kind = Kind::kCoordinator, .coordinator_of = std::move(key)};
  }
};

/// What a request is called when it is told of: "OffsetCommit of group orders".
std::string question_of(wire::ApiKey api, const Target& target, std::string_view about = {});

template <class Response>
using Done = std::function<void(Result<Response>)>;

/// Invariants:
/// - `done` of every call is called exactly once, also when the cluster is destroyed first: then
///   with kClosed or what was known by then. It may come after the end, so who calls again from it
///   asks watch() before.
/// - A channel belongs to one broker, one lane and one endpoint: a broker that moves gets new ones.
/// - At most one request for metadata is under way; topics_ are all that it asks for, unless all
///   are followed.
/// - An address is told to be out of reach once, until some lane reaches it or its broker has
///   moved.
/// - A coordinator is believed until an answer, or none, says otherwise.
/// thread  the loop's
class Cluster {
 public:
  Cluster(io::EventLoop& loop, const ConnectionConfig& config, Random random);
  /// Fails everything under way with kClosed.
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // ── One request, one try ──

  /// Sends a call whose encoding the caller provides.
  void send(BrokerId broker, Lane lane, Call call);
  template <class Request, class Response>
  void call(BrokerId broker, Lane lane, Request request, Millis timeout, Done<Response> done,
            wire::VersionRange versions = versions_by_name<Request>());

  // ── Retried ──

  /// Tries until `deadline`, with backoff, while no broker answers or `error_in` finds an error
  /// that may pass. `done` gets the answer, whatever other errors are in it, or the last error.
  /// about  what to say of the request when it is refused for long, beside whose coordinator it
  /// asks
  template <class Request, class Response>
  void call_until(Target target, Request request, MonotonicTime deadline,
                  std::function<wire::KafkaError(const Response&)> error_in, Done<Response> done,
                  wire::VersionRange versions = versions_by_name<Request>(),
                  std::string about = {});
  /// Finds out who coordinates `key`, unless that is known.
  void find_coordinator(const CoordinatorKey& key, MonotonicTime deadline, Done<BrokerId> done);
  void forget_coordinator(const CoordinatorKey& key) { coordinators_.erase(key); }

  // ── Metadata ──

  MetadataCache& metadata() { return metadata_; }
  /// Keeps these topics, and no others, in the metadata. Unknown ones are asked for at once.
  void set_topics(std::set<std::string> topics);
  void add_topic(const std::string& topic);
  void remove_topic(const std::string& topic);
  /// Keeps all topics there are in the metadata, until set_topics().
  void follow_all_topics();
  /// Whether a topic that is not in the metadata is not there: all are followed, and were told.
  bool knows_all_topics() const { return follows_all_ && knows_all_; }
  /// What the topics of these ids are called; those that the broker asked does not know are
  /// missing. The metadata learns of the others.
  void ask_topic_names(std::vector<Uuid> ids, Done<std::map<Uuid, std::string>> done);
  /// What asking for a topic that is not there does, where the broker allows it.
  enum class UnknownTopics { kCreate, kLeave };
  void set_unknown_topics(UnknownTopics what) { unknown_topics_ = what; }
  /// Something turned out to be out of date. Refreshes no more often than retry.backoff.ms.
  void refresh_metadata();
  /// Runs `done` when every topic is known and leads to a broker, or has an error that does not
  /// pass; or at `deadline`, with kTimeout.
  void await_topics(std::vector<std::string> topics, MonotonicTime deadline,
                    std::function<void(Status)> done);
  /// Called after each answer that was taken into the metadata.
  void on_metadata(std::function<void()> listener) { listener_ = std::move(listener); }

  /// Whom to tell of brokers that cannot be reached, or refuse; without one they are logged.
  void set_outage_listener(OutageListener listener) {
    refusals_.set_listener(listener);
    outage_listener_ = std::move(listener);
  }
  /// What is asked again and again by others than call_until() is noted here.
  Refusals& refusals() { return refusals_; }

  /// Runs `task` after `delay`; with kClosed when the cluster is gone by then.
  void call_later(Millis delay, std::function<void(Status)> task);

  io::EventLoop& loop() { return loop_; }
  const ConnectionConfig& config() const { return config_; }
  Random& random() { return random_; }
  /// Where the memory of large answers comes from, and should go back to.
  const std::shared_ptr<BufferPool>& frame_memory() const { return frame_memory_; }
  std::size_t unanswered_count(BrokerId broker, Lane lane) const;
  /// At which level the cluster has finalized a feature, as far as brokers that are connected to
  /// say; 0 when it has not. Nothing before the first connection.
  std::optional<std::int16_t> finalized_level(const std::string& feature) const;
  /// For whoever calls again from the answer to a call: answers come even after the end.
  Lifetime::Watch watch() const { return life_.watch(); }

 private:
  struct TopicWaiter {
    std::vector<std::string> topics;
    std::function<void(Status)> done;
    io::TimerId timer = 0;
  };

  BrokerChannel* channel(BrokerId broker, Lane lane);
  void note_reachability(std::optional<BrokerId> broker, const io::Endpoint& endpoint,
                         const Status& status);
  BrokerId any_broker();
  void try_target(const Target& target, MonotonicTime deadline, Done<BrokerId> done);
  /// What an error of a try means for what is known; then `again` runs after a backoff, or `failed`
  /// when the deadline comes first.
  void retry_after(const Target& target, const Error& error, int attempt, MonotonicTime deadline,
                   std::function<void()> again, std::function<void()> failed);
  void send_metadata_request();
  enum class Asked { kNamed, kAll };
  void take_metadata(Result<wire::MetadataResponse> answer, Asked asked);
  void note_refused_topics(const wire::MetadataResponse& answer);
  void drop_channels_to_old_endpoints();
  void check_waiters();
  void schedule_refresh(Millis delay);
  std::optional<Status> outcome_for(const std::vector<std::string>& topics) const;

  io::EventLoop& loop_;
  const ConnectionConfig config_;
  Random random_;
  MetadataCache metadata_;
  const std::shared_ptr<BufferPool> frame_memory_;
  std::map<std::pair<BrokerId, Lane>, std::unique_ptr<BrokerChannel>> channels_;
  std::map<CoordinatorKey, BrokerId> coordinators_;
  std::set<std::string> topics_;
  bool follows_all_ = false;
  bool knows_all_ = false;
  UnknownTopics unknown_topics_ = UnknownTopics::kCreate;
  bool refresh_under_way_ = false;
  bool refresh_wanted_ = false;
  int refresh_failures_ = 0;
  io::TimerId refresh_timer_ = 0;
  MonotonicTime refresh_at_{};
  MonotonicTime last_refresh_{};
  std::map<std::uint64_t, TopicWaiter> waiters_;
  std::uint64_t next_waiter_ = 0;
  std::function<void()> listener_;
  OutageListener outage_listener_;
  Refusals refusals_;
  /// Addresses that were told to be out of reach, whichever lanes noticed.
  std::set<std::string> outages_;
  Lifetime life_;
};

template <class Request, class Response>
void Cluster::call(BrokerId broker, Lane lane, Request request, Millis timeout, Done<Response> done,
                   wire::VersionRange versions) {
  Call call;
  call.api = Request::kApiKey;
  call.versions = versions;
  call.timeout = timeout;
  call.encode = [request = std::move(request)](
                    const wire::RequestHeader& header) mutable -> Result<io::Chunks> {
    fit_to_version(request, header.api_version);
    auto encoded = wire::encode_request(header, request);
    if (!encoded.ok()) return std::move(encoded).error();
    io::Chunks chunks;
    chunks.emplace_back(std::move(encoded).value());
    return chunks;
  };
  call.done = [done = std::move(done)](Result<Answer> answer) {
    if (answer.ok()) {
      done(answer->template decode<Response>());
    } else {
      done(std::move(answer).error());
    }
  };
  send(broker, lane, std::move(call));
}

template <class Request, class Response>
void Cluster::call_until(Target target, Request request, MonotonicTime deadline,
                         std::function<wire::KafkaError(const Response&)> error_in,
                         Done<Response> done, wire::VersionRange versions, std::string about) {
  // The attempt calls itself again; it is kept alive by the callbacks that hold it.
  struct Attempt : std::enable_shared_from_this<Attempt> {
    Cluster* cluster;
    Lifetime::Watch watch;
    Target target;
    Request request;
    MonotonicTime deadline;
    std::function<wire::KafkaError(const Response&)> error_in;
    Done<Response> done;
    wire::VersionRange versions;
    std::string about = {};
    int count = 0;
    bool is_refused = false;

    explicit Attempt(Lifetime::Watch cluster_watch) : watch(std::move(cluster_watch)) {}
    void run() {
      auto self = this->shared_from_this();
      cluster->try_target(target, deadline, [self](Result<BrokerId> broker) {
        if (!broker.ok()) return self->failed(broker.error());
        const auto left = std::chrono::ceil<Millis>(self->deadline - self->cluster->loop_.now());
        const Millis timeout =
            std::max(Millis{1}, std::min(left, self->cluster->config_.request_timeout));
        const Lane lane =
            self->target.kind == Target::Kind::kCoordinator ? Lane::kCoordinator : Lane::kMain;
        self->cluster->template call<Request, Response>(
            *broker, lane, self->request, timeout,
            [self](Result<Response> answer) { self->on_answer(std::move(answer)); },
            self->versions);
      });
    }
    void on_answer(Result<Response> answer) {
      if (!answer.ok()) return failed(answer.error());
      const wire::KafkaError code = error_in(*answer);
      if (code == wire::KafkaError::kNone || !wire::is_retriable(code) || watch.is_over()) {
        return end(std::move(answer), Refusals::End::kAnswered);
      }
      is_refused = true;
      cluster->refusals_.refused(question(), wire::make_error(code));
      auto self = this->shared_from_this();
      auto kept = std::make_shared<Result<Response>>(std::move(answer));
      cluster->retry_after(
          target, wire::make_error(code), count++, deadline, [self] { self->run(); },
          [self, kept] { self->end(std::move(*kept), Refusals::End::kGivenUp); });
    }
    void failed(const Error& error) {
      if (!wire::is_retriable(error) || watch.is_over()) {
        return end(error, Refusals::End::kGivenUp);
      }
      auto self = this->shared_from_this();
      cluster->retry_after(
          target, error, count++, deadline, [self] { self->run(); },
          [self, error] { self->end(error, Refusals::End::kGivenUp); });
    }
    std::string question() const { return question_of(Request::kApiKey, target, about); }
    void end(Result<Response> outcome, Refusals::End how) {
      if (is_refused && !watch.is_over()) cluster->refusals_.over(question(), how);
      done(std::move(outcome));
    }
  };
  auto attempt = std::make_shared<Attempt>(life_.watch());
  attempt->cluster = this;
  attempt->target = std::move(target);
  attempt->request = std::move(request);
  attempt->deadline = deadline;
  attempt->error_in = std::move(error_in);
  attempt->done = std::move(done);
  attempt->versions = versions;
  attempt->about = std::move(about);
  attempt->run();
}

}  // namespace millrace::client
