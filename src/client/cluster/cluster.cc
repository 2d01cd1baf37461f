#include "client/cluster/cluster.h"

#include <algorithm>
#include <utility>

#include "base/fence.h"
#include "base/log.h"
#include "wire/messages/find_coordinator.h"

namespace millrace::client {
namespace {

using wire::KafkaError;

// Bootstrap servers, whose ids are not known yet, are numbered down from here.
constexpr std::int32_t kFirstBootstrapId = -2;

// Of the memory of answers that is kept for the next ones.
constexpr std::size_t kIdleFrameBytesMax = std::size_t{32} << 20U;

BrokerId bootstrap_id(std::size_t index) {
  return BrokerId{kFirstBootstrapId - static_cast<std::int32_t>(index)};
}

}  // namespace

std::string CoordinatorKey::to_string() const {
  return fmt::format("{} {}", type == Type::kGroup ? "group" : "transactional id", key);
}

std::string question_of(wire::ApiKey api, const Target& target, std::string_view about) {
  std::string question(wire::api_key_name(api));
  if (target.kind == Target::Kind::kCoordinator) {
    question += " of " + target.coordinator_of.to_string();
  }
  if (!about.empty()) question += fmt::format(" {}", about);
  return question;
}

Cluster::Cluster(io::EventLoop& loop, const ConnectionConfig& config, Random random)
    : loop_(loop),
      config_(config),
      random_(random),
      frame_memory_(std::make_shared<BufferPool>(kIdleFrameBytesMax)),
      refusals_(loop) {}

Cluster::~Cluster() {
  life_.end();
  loop_.cancel(refresh_timer_);
  auto channels = std::move(channels_);
  channels_.clear();
  channels.clear();
  auto waiters = std::move(waiters_);
  for (auto& [id, waiter] : waiters) {
    loop_.cancel(waiter.timer);
    waiter.done(Error{ErrorCode::kClosed, "the client was closed"});
  }
}

BrokerChannel* Cluster::channel(BrokerId broker, Lane lane) {
  const auto known = channels_.find({broker, lane});
  if (known != channels_.end()) return known->second.get();
  io::Endpoint endpoint;
  if (broker.value() <= kFirstBootstrapId) {
    const auto index = static_cast<std::size_t>(kFirstBootstrapId - broker.value());
    if (index >= config_.bootstrap_servers.size()) return nullptr;
    endpoint = config_.bootstrap_servers[index];
  } else {
    const BrokerNode* const node = metadata_.broker(broker);
    if (node == nullptr) return nullptr;
    endpoint = node->endpoint;
  }
  const bool is_bootstrap = broker.value() <= kFirstBootstrapId;
  const auto advertiser = is_bootstrap ? std::nullopt : std::optional(broker);
  auto made = std::make_unique<BrokerChannel>(
      loop_, config_, endpoint,
      [this, advertiser, endpoint](const Status& status) {
        note_reachability(advertiser, endpoint, status);
      },
      Random(random_.next()), frame_memory_);
  return (channels_[{broker, lane}] = std::move(made)).get();
}

void Cluster::note_reachability(std::optional<BrokerId> broker, const io::Endpoint& endpoint,
                                const Status& status) {
  BrokerOutage outage{.broker = broker, .address = endpoint.to_string(), .reason = {}};
  if (!status.ok()) outage.reason = status.error().message;
  const bool is_news =
      status.ok() ? outages_.erase(outage.address) > 0 : outages_.insert(outage.address).second;
  if (!is_news) return;
  if (!outage_listener_.on_unreachable) {
    const std::string who = broker ? fmt::format("{}", *broker) : "of bootstrap.servers";
    if (status.ok()) {
      LOG_INFO("a broker is reached again", {{"broker", who}, {"address", outage.address}});
    } else {
      LOG_WARN(
          "a broker cannot be reached where it is said to be; look at its advertised.listeners",
          {{"broker", who}, {"address", outage.address}, {"reason", outage.reason}});
    }
    return;
  }
  const auto& tell = status.ok() ? outage_listener_.on_reached : outage_listener_.on_unreachable;
  if (!tell) return;
  const Status told = fenced("the outage listener", [&] { tell(outage); });
  if (!told.ok()) LOG_WARN("an outage was not told", {{"error", told.error().message}});
}

void Cluster::send(BrokerId broker, Lane lane, Call call) {
  const bool is_over = life_.watch().is_over();
  BrokerChannel* const to = is_over ? nullptr : channel(broker, lane);
  if (to != nullptr) {
    to->send(std::move(call));
    return;
  }
  const Error error{ErrorCode::kClosed,
                    fmt::format("broker {} is not part of the cluster", broker.value())};
  if (is_over) {
    call.done(error);
  } else {
    loop_.post([done = std::move(call.done), error] { done(error); });
  }
}

std::size_t Cluster::unanswered_count(BrokerId broker, Lane lane) const {
  const auto known = channels_.find({broker, lane});
  return known == channels_.end() ? 0 : known->second->unanswered_count();
}

// Brokers learn of a change one after the other: the latest epoch is right.
std::optional<std::int16_t> Cluster::finalized_level(const std::string& feature) const {
  const FinalizedFeatures* latest = nullptr;
  for (const auto& [key, channel] : channels_) {
    const FinalizedFeatures* const known = channel->features();
    if (known != nullptr && (latest == nullptr || known->epoch > latest->epoch)) latest = known;
  }
  if (latest == nullptr) return std::nullopt;
  const auto level = latest->levels.find(feature);
  return level == latest->levels.end() ? std::int16_t{0} : level->second;
}

// One that is connected if there is one; otherwise one that did not just fail. When all that are
// known did, those of bootstrap.servers are asked again: the others may have moved.
BrokerId Cluster::any_broker() {
  std::vector<BrokerId> candidates;
  std::vector<BrokerId> fit;
  const auto consider = [&](BrokerId id) {
    const auto known = channels_.find({id, Lane::kMain});
    const bool is_known = known != channels_.end();
    if (is_known && known->second->is_ready()) return true;
    candidates.push_back(id);
    if (!is_known || !known->second->is_backing_off()) fit.push_back(id);
    return false;
  };
  for (const auto& [id, node] : metadata_.brokers()) {
    if (consider(id)) return id;
  }
  if (fit.empty() || refresh_failures_ > 1) {
    for (std::size_t i = 0; i < config_.bootstrap_servers.size(); ++i) {
      if (consider(bootstrap_id(i))) return bootstrap_id(i);
    }
  }
  const auto& choice = fit.empty() ? candidates : fit;
  return choice[random_.below(choice.size())];
}

void Cluster::try_target(const Target& target, MonotonicTime deadline, Done<BrokerId> done) {
  switch (target.kind) {
    case Target::Kind::kAnyBroker:
      done(any_broker());
      return;
    case Target::Kind::kBroker:
      done(target.broker);
      return;
    case Target::Kind::kController: {
      const bool is_known = metadata_.broker(metadata_.controller()) != nullptr;
      done(is_known ? metadata_.controller() : any_broker());
      return;
    }
    case Target::Kind::kCoordinator:
      find_coordinator(target.coordinator_of, deadline, std::move(done));
      return;
  }
}

void Cluster::retry_after(const Target& target, const Error& error, int attempt,
                          MonotonicTime deadline, std::function<void()> again,
                          std::function<void()> failed) {
  const bool is_answered = error.code == ErrorCode::kKafka;
  if (target.kind == Target::Kind::kCoordinator &&
      (!is_answered || wire::error_class(error) == wire::ErrorClass::kFindCoordinator)) {
    forget_coordinator(target.coordinator_of);
  }
  if (target.kind != Target::Kind::kAnyBroker) refresh_metadata();
  const Millis delay = next_delay(config_.retry_backoff, attempt, random_);
  if (loop_.now() + delay >= deadline) {
    failed();
    return;
  }
  loop_.call_after(delay,
                   [watch = life_.watch(), again = std::move(again), failed = std::move(failed)] {
                     if (watch.is_over()) {
                       failed();
                     } else {
                       again();
                     }
                   });
}

void Cluster::find_coordinator(const CoordinatorKey& key, MonotonicTime deadline,
                               Done<BrokerId> done) {
  const auto known = coordinators_.find(key);
  if (known != coordinators_.end() && metadata_.broker(known->second) != nullptr) {
    done(known->second);
    return;
  }
  using Response = wire::FindCoordinatorResponse;
  wire::FindCoordinatorRequest request;
  request.key = key.key;
  request.key_type = static_cast<std::int8_t>(key.type);
  const auto first_error = [](const Response& answer) {
    return static_cast<KafkaError>(
        answer.coordinators.empty() ? answer.error_code : answer.coordinators.front().error_code);
  };
  call_until<wire::FindCoordinatorRequest, Response>(
      Target::any(), std::move(request), deadline, first_error,
      [this, key, first_error, done = std::move(done)](Result<Response> answer) {
        if (!answer.ok()) return done(answer.error());
        if (const auto code = first_error(*answer); code != KafkaError::kNone) {
          return done(wire::make_error(code, "coordinator of " + key.to_string()));
        }
        Response::Coordinator found;
        found.node_id = answer->node_id;
        found.host = answer->host;
        found.port = answer->port;
        if (!answer->coordinators.empty()) found = answer->coordinators.front();
        const BrokerId id{found.node_id};
        metadata_.note_broker({id, {found.host, static_cast<std::uint16_t>(found.port)}});
        coordinators_[key] = id;
        done(id);
      },
      versions_by_name<wire::FindCoordinatorRequest>(), "for " + key.to_string());
}

void Cluster::set_topics(std::set<std::string> topics) {
  const bool has_new = std::any_of(topics.begin(), topics.end(), [&](const std::string& topic) {
    return metadata_.topic(topic) == nullptr;
  });
  metadata_.keep_topics(topics);
  follows_all_ = false;
  knows_all_ = false;
  topics_ = std::move(topics);
  if (has_new) refresh_metadata();
}

void Cluster::add_topic(const std::string& topic) {
  if (topics_.insert(topic).second) refresh_metadata();
}

void Cluster::remove_topic(const std::string& topic) {
  topics_.erase(topic);
  if (!follows_all_) metadata_.forget_topic(topic);
}

void Cluster::follow_all_topics() {
  if (std::exchange(follows_all_, true)) return;
  topics_.clear();
  refresh_metadata();
}

void Cluster::ask_topic_names(std::vector<Uuid> ids, Done<std::map<Uuid, std::string>> done) {
  constexpr std::int16_t kFirstById = 12;
  wire::MetadataRequest request;
  request.allow_auto_topic_creation = false;
  request.topics.emplace();
  for (const Uuid& id : ids) request.topics->push_back({.topic_id = id, .name = std::nullopt});
  call<wire::MetadataRequest, wire::MetadataResponse>(
      any_broker(), Lane::kMain, std::move(request), config_.request_timeout,
      [this, watch = life_.watch(), done = std::move(done)](Result<wire::MetadataResponse> answer) {
        if (!answer.ok()) return done(std::move(answer).error());
        std::map<Uuid, std::string> names;
        for (const auto& topic : answer->topics) {
          if (topic.name && topic.error_code == 0) names[topic.topic_id] = *topic.name;
        }
        if (!watch.is_over()) metadata_.update(*answer);
        done(std::move(names));
      },
      {kFirstById, wire::MetadataRequest::kVersions.max});
}

void Cluster::refresh_metadata() {
  if (refresh_under_way_) {
    refresh_wanted_ = true;
    return;
  }
  const MonotonicTime now = loop_.now();
  const MonotonicTime earliest = last_refresh_ + config_.retry_backoff.base;
  if (last_refresh_ == MonotonicTime{} || now >= earliest) {
    send_metadata_request();
  } else {
    schedule_refresh(std::chrono::ceil<Millis>(earliest - now));
  }
}

void Cluster::schedule_refresh(Millis delay) {
  const MonotonicTime at = loop_.now() + delay;
  if (refresh_timer_ != 0 && refresh_at_ <= at) return;
  loop_.cancel(refresh_timer_);
  refresh_at_ = at;
  refresh_timer_ = loop_.call_after(delay, life_.guard([this] {
    refresh_timer_ = 0;
    if (!refresh_under_way_) send_metadata_request();
  }));
}

void Cluster::send_metadata_request() {
  loop_.cancel(refresh_timer_);
  refresh_timer_ = 0;
  refresh_under_way_ = true;
  refresh_wanted_ = false;
  last_refresh_ = loop_.now();
  wire::MetadataRequest request;
  request.allow_auto_topic_creation = unknown_topics_ == UnknownTopics::kCreate;
  const Asked asked = follows_all_ ? Asked::kAll : Asked::kNamed;
  request.topics.reset();
  if (asked == Asked::kNamed) {
    request.topics.emplace();
    for (const std::string& topic : topics_) {
      request.topics->push_back({.topic_id = {}, .name = topic});
    }
  }
  call<wire::MetadataRequest, wire::MetadataResponse>(
      any_broker(), Lane::kMain, std::move(request), config_.request_timeout,
      life_.guard([this, asked](Result<wire::MetadataResponse> answer) {
        take_metadata(std::move(answer), asked);
      }));
}

void Cluster::take_metadata(Result<wire::MetadataResponse> answer, Asked asked) {
  refresh_under_way_ = false;
  if (!answer.ok()) {
    LOG_DEBUG("metadata could not be refreshed", {{"error", answer.error().to_string()}});
    schedule_refresh(next_delay(config_.retry_backoff, refresh_failures_++, random_));
    return;
  }
  metadata_.update(*answer);
  if (asked == Asked::kAll && follows_all_) {
    std::set<std::string> there;
    for (const auto& topic : answer->topics) there.insert(topic.name.value_or(""));
    metadata_.keep_topics(there);
    knows_all_ = true;
  } else if (asked == Asked::kAll) {
    metadata_.keep_topics(topics_);
  }
  drop_channels_to_old_endpoints();
  if (listener_) listener_();
  check_waiters();

  note_refused_topics(*answer);
  const bool has_trouble =
      std::any_of(answer->topics.begin(), answer->topics.end(), [&](const auto& topic) {
        if (!topic.name || topics_.count(*topic.name) == 0) return false;
        if (wire::is_retriable(static_cast<KafkaError>(topic.error_code))) return true;
        return std::any_of(topic.partitions.begin(), topic.partitions.end(),
                           [](const auto& partition) { return partition.leader_id < 0; });
      });
  if (has_trouble || refresh_wanted_) {
    schedule_refresh(
        next_delay(config_.retry_backoff, has_trouble ? refresh_failures_++ : 0, random_));
  } else {
    refresh_failures_ = 0;
    schedule_refresh(config_.metadata_max_age);
  }
}

void Cluster::note_refused_topics(const wire::MetadataResponse& answer) {
  for (const auto& topic : answer.topics) {
    if (!topic.name || topics_.count(*topic.name) == 0) continue;
    const auto code = static_cast<KafkaError>(topic.error_code);
    const bool is_refused = wire::is_retriable(code);
    if (!is_refused && refusals_.empty()) continue;
    const std::string question = fmt::format("Metadata of topic {}", *topic.name);
    if (is_refused) {
      refusals_.refused(question, wire::make_error(code));
    } else {
      refusals_.over(question, Refusals::End::kAnswered);
    }
  }
}

void Cluster::call_later(Millis delay, std::function<void(Status)> task) {
  loop_.call_after(delay, [watch = life_.watch(), task = std::move(task)] {
    if (watch.is_over()) {
      task(Error{ErrorCode::kClosed, "the client was closed"});
    } else {
      task({});
    }
  });
}

// A broker that came back on another port is another connection.
void Cluster::drop_channels_to_old_endpoints() {
  std::vector<std::unique_ptr<BrokerChannel>> old;
  for (auto entry = channels_.begin(); entry != channels_.end();) {
    const BrokerNode* const node = metadata_.broker(entry->first.first);
    const bool is_bootstrap = entry->first.first.value() <= kFirstBootstrapId;
    const bool moved = node != nullptr && node->endpoint != entry->second->endpoint();
    if (!is_bootstrap && (node == nullptr || moved)) {
      outages_.erase(entry->second->endpoint().to_string());
      old.push_back(std::move(entry->second));
      entry = channels_.erase(entry);
    } else {
      ++entry;
    }
  }
}

// Nothing while it has to be waited for.
std::optional<Status> Cluster::outcome_for(const std::vector<std::string>& topics) const {
  for (const std::string& name : topics) {
    const TopicMetadata* const topic = metadata_.topic(name);
    if (topic == nullptr) return std::nullopt;
    if (topic->error != KafkaError::kNone) {
      if (wire::is_retriable(topic->error)) return std::nullopt;
      return Status(wire::make_error(topic->error, "topic " + name));
    }
    const bool has_leaders = std::all_of(
        topic->partitions.begin(), topic->partitions.end(), [this](const PartitionMetadata& each) {
          return each.leader != kNoBroker && metadata_.broker(each.leader) != nullptr;
        });
    if (topic->partitions.empty() || !has_leaders) return std::nullopt;
  }
  return Status{};
}

void Cluster::await_topics(std::vector<std::string> topics, MonotonicTime deadline,
                           std::function<void(Status)> done) {
  if (auto outcome = outcome_for(topics)) {
    done(std::move(*outcome));
    return;
  }
  bool is_new = false;
  for (const std::string& topic : topics) is_new |= topics_.insert(topic).second;
  const std::uint64_t id = next_waiter_++;
  TopicWaiter& waiter = waiters_[id];
  waiter.topics = std::move(topics);
  waiter.done = std::move(done);
  const auto delay = std::chrono::ceil<Millis>(deadline - loop_.now());
  waiter.timer = loop_.call_after(std::max(delay, Millis{0}), life_.guard([this, id] {
    const auto entry = waiters_.find(id);
    if (entry == waiters_.end()) return;
    TopicWaiter late = std::move(entry->second);
    waiters_.erase(entry);
    const TopicMetadata* const topic = metadata_.topic(late.topics.front());
    const std::string why =
        topic == nullptr
            ? "no broker of " + config_.bootstrap_servers.front().to_string() + " answered"
            : std::string(wire::kafka_error_name(topic->error));
    late.done(Error{ErrorCode::kTimeout,
                    fmt::format("no metadata of topic {} in time: {}", late.topics.front(), why)});
  }));
  refresh_metadata();
}

void Cluster::check_waiters() {
  std::vector<std::pair<TopicWaiter, Status>> ready;
  for (auto entry = waiters_.begin(); entry != waiters_.end();) {
    if (auto outcome = outcome_for(entry->second.topics)) {
      loop_.cancel(entry->second.timer);
      ready.emplace_back(std::move(entry->second), std::move(*outcome));
      entry = waiters_.erase(entry);
    } else {
      ++entry;
    }
  }
  for (auto& [waiter, status] : ready) waiter.done(std::move(status));
}

}  // namespace millrace::client
