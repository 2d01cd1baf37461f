#include "client/admin.h"

#include <algorithm>

#include "base/check.h"
#include "base/saturating.h"
#include "client/cluster/backoff.h"
#include "client/cluster/cluster.h"
#include "client/cluster/loop_thread.h"
#include "client/consumer/offset_requests.h"
#include "client/group/subscription_codec.h"
#include "client/transactions/transaction_requests.h"
#include "io/lent_env.h"
#include "wire/messages/create_topics.h"
#include "wire/messages/delete_groups.h"
#include "wire/messages/delete_topics.h"
#include "wire/messages/describe_cluster.h"
#include "wire/messages/describe_configs.h"
#include "wire/messages/describe_groups.h"
#include "wire/messages/describe_transactions.h"
#include "wire/messages/list_groups.h"
#include "wire/messages/list_transactions.h"

namespace millrace::client {
namespace {

using wire::KafkaError;

Error error_of(std::int16_t code, std::string_view context,
               const std::optional<std::string>& message = std::nullopt) {
  std::string text(context);
  if (message && !message->empty()) text += ": " + *message;
  return wire::make_error(static_cast<KafkaError>(code), text);
}

Result<void> outcome_of(std::int16_t code, std::string_view context,
                        const std::optional<std::string>& message = std::nullopt) {
  if (code == 0) return {};
  return error_of(code, context, message);
}

/// Why a broker did not do any of what it was asked for, when that was for the controller.
template <class Answers>
KafkaError found_no_controller(const Answers& answers) {
  for (const auto& each : answers) {
    const auto code = static_cast<KafkaError>(each.error_code);
    if (wire::error_class(code) == wire::ErrorClass::kFindController) return code;
  }
  return KafkaError::kNone;
}

TopicDescription description_of(const wire::MetadataResponse::MetadataResponseTopic& topic) {
  TopicDescription description;
  description.name = topic.name.value_or("");
  description.id = topic.topic_id;
  description.is_internal = topic.is_internal;
  for (const auto& each : topic.partitions) {
    PartitionDescription partition{PartitionId{each.partition_index},
                                   BrokerId{each.leader_id},
                                   LeaderEpoch{each.leader_epoch},
                                   {},
                                   {}};
    for (const std::int32_t id : each.replica_nodes) partition.replicas.emplace_back(id);
    for (const std::int32_t id : each.isr_nodes) partition.in_sync_replicas.emplace_back(id);
    description.partitions.push_back(std::move(partition));
  }
  std::sort(description.partitions.begin(), description.partitions.end(),
            [](const auto& a, const auto& b) { return a.partition < b.partition; });
  return description;
}

GroupDescription description_of(const wire::DescribeGroupsResponse::DescribedGroup& group,
                                BrokerId coordinator) {
  GroupDescription description{group.group_id,      group.group_state, group.protocol_type,
                               group.protocol_data, coordinator,       {}};
  for (const auto& each : group.members) {
    GroupMemberDescription member{
        each.member_id, each.group_instance_id, each.client_id, each.client_host, {}};
    const auto assignment = decode_assignment(each.member_assignment);
    if (assignment.ok()) member.assignment = assignment->partitions;
    description.members.push_back(std::move(member));
  }
  return description;
}

TransactionDescription description_of(
    const wire::DescribeTransactionsResponse::TransactionState& transaction, BrokerId coordinator) {
  TransactionDescription description;
  description.transactional_id = transaction.transactional_id;
  description.coordinator = coordinator;
  description.state = transaction.transaction_state;
  description.producer_id = ProducerId{transaction.producer_id};
  description.producer_epoch = ProducerEpoch{transaction.producer_epoch};
  description.timeout = Millis{transaction.transaction_timeout_ms};
  if (transaction.transaction_start_time_ms >= 0) {
    description.started = Timestamp{transaction.transaction_start_time_ms};
  }
  for (const auto& topic : transaction.topics) {
    for (const std::int32_t partition : topic.partitions) {
      description.partitions.push_back({topic.topic, PartitionId{partition}});
    }
  }
  std::sort(description.partitions.begin(), description.partitions.end());
  return description;
}

}  // namespace

/// Invariants:
/// - cluster_ is made, used and destroyed on the loop, and is gone before thread_ stops.
/// - At most one call of the application waits. end_waiting_ ends it, and is empty while none does:
///   an answer that comes after its call was given up changes nothing of the next one.
/// - A wakeup() ends exactly one call, which may be one that comes later: is_woken_ remembers it.
/// thread  the caller's, but for what is said to be on the loop
class Admin::Core {
 public:
  Core(AdminConfig config, io::LentEnv env)
      : env_(std::move(env)), config_(std::move(config)), thread_(*env_, "admin-io") {
    thread_.run([&] {
      cluster_ = std::make_unique<Cluster>(thread_.loop(), config_.connection, env_->make_random());
      cluster_->set_unknown_topics(Cluster::UnknownTopics::kLeave);
    });
  }
  ~Core() {
    thread_.run([&] { cluster_.reset(); });
    thread_.stop();
  }

  MonotonicTime now() { return thread_.loop().now(); }
  MonotonicTime deadline() { return now() + config_.api_timeout; }

  /// Runs `start` on the loop and waits until it calls what it is given, or for wakeup().
  template <class T, class Start>
  Result<T> await(Start&& start) {
    return thread_.await<Result<T>>([&](Done<T> done) {
      if (std::exchange(is_woken_, false)) return done(woken());
      const std::uint64_t call = ++calls_;
      end_waiting_ = [done] { done(woken()); };
      start([this, call, done](Result<T> outcome) {
        if (call == calls_) end_waiting_ = nullptr;
        done(std::move(outcome));
      });
    });
  }
  void wakeup() {
    thread_.post([this] {
      if (auto end = std::exchange(end_waiting_, nullptr)) return end();
      is_woken_ = true;
    });
  }

  /// Asks and waits. error_in  the error, if any, for which the whole call is to be tried again
  template <class Request, class Response>
  Result<Response> ask(
      Target target, Request request,
      std::function<KafkaError(const Response&)> error_in = [](const Response&) {
        return KafkaError::kNone;
      }) {
    return await<Response>([&](Done<Response> done) {
      cluster_->call_until<Request, Response>(target, request, deadline(), error_in,
                                              std::move(done));
    });
  }

  /// Asks one broker, once, and waits.
  template <class Request, class Response>
  Result<Response> ask_once(BrokerId broker, Request request, MonotonicTime until) {
    const auto left = std::chrono::ceil<Millis>(until - now());
    const Millis timeout = std::clamp(left, Millis{1}, config_.connection.request_timeout);
    return await<Response>([&](Done<Response> done) {
      cluster_->call<Request, Response>(broker, Lane::kMain, std::move(request), timeout,
                                        std::move(done));
    });
  }
  /// Between two tries; not beyond `until`.
  Status back_off(int attempt, MonotonicTime until) {
    return await<void>([&](Done<void> done) {
      const Backoff& backoff = config_.connection.retry_backoff;
      const auto left = std::max(Millis{0}, std::chrono::ceil<Millis>(until - now()));
      cluster_->call_later(std::min(left, next_delay(backoff, attempt, cluster_->random())),
                           std::move(done));
    });
  }

  Result<wire::MetadataResponse> metadata(const std::optional<std::vector<std::string>>& topics) {
    wire::MetadataRequest request;
    request.allow_auto_topic_creation = false;
    request.topics.reset();
    if (topics) {
      request.topics.emplace();
      for (const std::string& name : *topics) {
        request.topics->push_back({.topic_id = {}, .name = name});
      }
    }
    auto answer = ask<wire::MetadataRequest, wire::MetadataResponse>(Target::any(), request);
    if (answer.ok()) thread_.run([&] { cluster_->metadata().update(*answer); });
    return answer;
  }

  /// Brokers by id, so that each can be asked.
  Result<std::vector<BrokerId>> broker_ids() {
    auto answer = metadata(std::vector<std::string>{});
    if (!answer.ok()) return std::move(answer).error();
    std::vector<BrokerId> ids;
    for (const auto& broker : answer->brokers) ids.emplace_back(broker.node_id);
    return ids;
  }

  template <class Response>
  using ByBroker = std::vector<std::pair<BrokerId, Response>>;

  /// Asks every broker, one after another, until all have answered in one round. One that does not
  /// answer may have left, and what it knew be elsewhere: then it takes a new look at who is there,
  /// and asks all of them.
  /// what  is asked for, for errors: "groups"
  template <class Request, class Response>
  Result<ByBroker<Response>> ask_every_broker(const Request& request, std::string_view what) {
    const MonotonicTime until = deadline();
    auto answers = ask_every_broker_once<Request, Response>(request, what, until);
    for (int attempt = 0; !answers.ok(); ++attempt) {
      if (!wire::is_retriable(answers.error()) || now() >= until) return answers;
      if (auto waited = back_off(attempt, until); !waited.ok()) return waited.error();
      answers = ask_every_broker_once<Request, Response>(request, what, until);
    }
    return answers;
  }

  /// The one that was asked a moment ago, and so known: this is not what wakeup() ends.
  Result<BrokerId> coordinator(const CoordinatorKey& key) {
    return thread_.await<Result<BrokerId>>(
        [&](Done<BrokerId> done) { cluster_->find_coordinator(key, deadline(), std::move(done)); });
  }

  const io::LentEnv env_;
  const AdminConfig config_;
  std::unique_ptr<Cluster> cluster_;  // on the loop, like what follows
  std::uint64_t calls_ = 0;
  std::function<void()> end_waiting_;
  bool is_woken_ = false;
  LoopThread thread_;

 private:
  static Error woken() { return {ErrorCode::kCancelled, "wakeup() was called"}; }
  template <class Request, class Response>
  Result<ByBroker<Response>> ask_every_broker_once(const Request& request, std::string_view what,
                                                   MonotonicTime until) {
    const auto brokers = broker_ids();
    if (!brokers.ok()) return brokers.error();
    ByBroker<Response> answers;
    for (const BrokerId broker : *brokers) {
      auto answer = ask_once<Request, Response>(broker, request, until);
      const std::string context = fmt::format("list the {} of broker {}", what, broker.value());
      if (!answer.ok()) return std::move(answer).error().with_context(context);
      if (answer->error_code != 0) return error_of(answer->error_code, context);
      answers.emplace_back(broker, std::move(answer).value());
    }
    return answers;
  }
};

Admin::Admin(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Admin::~Admin() = default;
Admin::Admin(Admin&&) noexcept = default;
Admin& Admin::operator=(Admin&&) noexcept = default;

Admin::Core& Admin::core() const {
  CHECK(core_ != nullptr, "an Admin that was moved from was called");
  return *core_;
}

Result<Admin> Admin::create(const Properties& properties, io::Env* env) {
  auto config = read_admin_config(properties);
  if (!config.ok()) return std::move(config).error();
  return Admin(std::make_unique<Core>(std::move(config).value(), io::LentEnv(env)));
}

Result<Outcomes<std::string, void>> Admin::create_topics(const std::vector<NewTopic>& topics,
                                                         Validate validate) {
  wire::CreateTopicsRequest request;
  request.timeout_ms = static_cast<std::int32_t>(core().config_.api_timeout.count());
  request.validate_only = validate == Validate::kOnly;
  for (const NewTopic& topic : topics) {
    wire::CreateTopicsRequest::CreatableTopic wanted;
    wanted.name = topic.name;
    wanted.num_partitions = topic.partitions;
    wanted.replication_factor = topic.replication_factor;
    for (const auto& [name, value] : topic.configs) {
      wanted.configs.push_back({.name = name, .value = value});
    }
    request.topics.push_back(std::move(wanted));
  }
  using Response = wire::CreateTopicsResponse;
  auto answer = core().ask<wire::CreateTopicsRequest, Response>(
      Target::controller(), std::move(request),
      [](const Response& each) { return found_no_controller(each.topics); });
  if (!answer.ok()) return std::move(answer).error();
  Outcomes<std::string, void> outcomes;
  for (const auto& topic : answer->topics) {
    outcomes.emplace(topic.name, outcome_of(topic.error_code, "create topic " + topic.name,
                                            topic.error_message));
  }
  return outcomes;
}

Result<Outcomes<std::string, void>> Admin::delete_topics(const std::vector<std::string>& names) {
  wire::DeleteTopicsRequest request;
  request.timeout_ms = static_cast<std::int32_t>(core().config_.api_timeout.count());
  request.topic_names = names;
  using Response = wire::DeleteTopicsResponse;
  auto answer = core().ask<wire::DeleteTopicsRequest, Response>(
      Target::controller(), std::move(request),
      [](const Response& each) { return found_no_controller(each.responses); });
  if (!answer.ok()) return std::move(answer).error();
  Outcomes<std::string, void> outcomes;
  for (const auto& topic : answer->responses) {
    const std::string name = topic.name.value_or("");
    outcomes.emplace(name,
                     outcome_of(topic.error_code, "delete topic " + name, topic.error_message));
  }
  return outcomes;
}

Result<std::vector<TopicListing>> Admin::list_topics() {
  auto answer = core().metadata(std::nullopt);
  if (!answer.ok()) return std::move(answer).error();
  std::vector<TopicListing> listings;
  for (const auto& topic : answer->topics) {
    listings.push_back({topic.name.value_or(""), topic.topic_id, topic.is_internal,
                        static_cast<std::int32_t>(topic.partitions.size())});
  }
  std::sort(listings.begin(), listings.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return listings;
}

Result<Outcomes<std::string, TopicDescription>> Admin::describe_topics(
    const std::vector<std::string>& names) {
  auto answer = core().metadata(names);
  if (!answer.ok()) return std::move(answer).error();
  Outcomes<std::string, TopicDescription> outcomes;
  for (const auto& topic : answer->topics) {
    const std::string name = topic.name.value_or("");
    if (topic.error_code != 0) {
      outcomes.emplace(name, error_of(topic.error_code, "topic " + name));
    } else {
      outcomes.emplace(name, description_of(topic));
    }
  }
  return outcomes;
}

Result<Outcomes<std::string, TopicDescription>> Admin::await_topics(
    const std::vector<std::string>& names, Millis patience) {
  const MonotonicTime until = deadline_after(core().now(), patience);
  const auto may_come = [](const auto& topic) {
    return !topic.second.ok() && wire::is_retriable(topic.second.error());
  };
  for (int attempt = 0;; ++attempt) {
    auto described = describe_topics(names);
    if (!described.ok() || std::none_of(described->begin(), described->end(), may_come) ||
        core().now() >= until) {
      return described;
    }
    if (auto waited = core().back_off(attempt, until); !waited.ok()) return waited.error();
  }
}

Result<ClusterDescription> Admin::describe_cluster() {
  using Response = wire::DescribeClusterResponse;
  auto answer = core().ask<wire::DescribeClusterRequest, Response>(
      Target::any(), {},
      [](const Response& each) { return static_cast<KafkaError>(each.error_code); });
  if (!answer.ok()) return std::move(answer).error();
  if (answer->error_code != 0) {
    return error_of(answer->error_code, "describe cluster", answer->error_message);
  }
  ClusterDescription description{answer->cluster_id, BrokerId{answer->controller_id}, {}};
  for (const auto& node : answer->brokers) {
    description.nodes.push_back({BrokerId{node.broker_id}, node.host, node.port, node.rack});
  }
  return description;
}

Result<std::vector<GroupListing>> Admin::list_groups() {
  auto answers =
      core().ask_every_broker<wire::ListGroupsRequest, wire::ListGroupsResponse>({}, "groups");
  if (!answers.ok()) return std::move(answers).error();
  std::vector<GroupListing> listings;
  for (auto& [broker, answer] : *answers) {
    for (auto& group : answer.groups) {
      listings.push_back({std::move(group.group_id), std::move(group.protocol_type),
                          std::move(group.group_state), std::move(group.group_type)});
    }
  }
  std::sort(listings.begin(), listings.end(),
            [](const auto& a, const auto& b) { return a.group_id < b.group_id; });
  return listings;
}

Result<Outcomes<std::string, GroupDescription>> Admin::describe_groups(
    const std::vector<std::string>& group_ids) {
  Outcomes<std::string, GroupDescription> outcomes;
  using Response = wire::DescribeGroupsResponse;
  for (const std::string& group_id : group_ids) {
    wire::DescribeGroupsRequest request;
    request.groups = {group_id};
    auto answer = core().ask<wire::DescribeGroupsRequest, Response>(
        Target::coordinator(CoordinatorKey::group(group_id)), std::move(request),
        [](const Response& each) {
          return each.groups.empty() ? KafkaError::kNone
                                     : static_cast<KafkaError>(each.groups.front().error_code);
        });
    if (!answer.ok()) return std::move(answer).error();
    const auto coordinator = core().coordinator(CoordinatorKey::group(group_id));
    for (const auto& group : answer->groups) {
      if (group.error_code != 0) {
        outcomes.emplace(group_id,
                         error_of(group.error_code, "group " + group_id, group.error_message));
      } else if (group.group_state == "Dead") {
        outcomes.emplace(group_id,
                         wire::make_error(KafkaError::kGroupIdNotFound, "group " + group_id));
      } else {
        outcomes.emplace(group_id,
                         description_of(group, coordinator.ok() ? *coordinator : kNoBroker));
      }
    }
  }
  return outcomes;
}

Result<Outcomes<std::string, void>> Admin::delete_groups(
    const std::vector<std::string>& group_ids) {
  Outcomes<std::string, void> outcomes;
  using Response = wire::DeleteGroupsResponse;
  for (const std::string& group_id : group_ids) {
    wire::DeleteGroupsRequest request;
    request.groups_names = {group_id};
    auto answer = core().ask<wire::DeleteGroupsRequest, Response>(
        Target::coordinator(CoordinatorKey::group(group_id)), std::move(request),
        [](const Response& each) {
          return each.results.empty() ? KafkaError::kNone
                                      : static_cast<KafkaError>(each.results.front().error_code);
        });
    if (!answer.ok()) return std::move(answer).error();
    for (const auto& group : answer->results) {
      outcomes.emplace(group.group_id,
                       outcome_of(group.error_code, "delete group " + group.group_id));
    }
  }
  return outcomes;
}

Result<Outcomes<ConfigResource, std::vector<ConfigEntry>>> Admin::describe_configs(
    const std::vector<ConfigResource>& resources) {
  Outcomes<ConfigResource, std::vector<ConfigEntry>> outcomes;
  for (const ConfigResource& resource : resources) {
    wire::DescribeConfigsRequest request;
    request.resources.push_back({.resource_type = static_cast<std::int8_t>(resource.kind),
                                 .resource_name = resource.name,
                                 .configuration_keys = std::nullopt});
    Target target = Target::any();
    if (resource.kind == ConfigResourceKind::kBroker) {
      const auto brokers = core().broker_ids();
      if (!brokers.ok()) return brokers.error();
      for (const BrokerId id : *brokers) {
        if (fmt::to_string(id.value()) == resource.name) target = Target::of(id);
      }
    }
    auto answer = core().ask<wire::DescribeConfigsRequest, wire::DescribeConfigsResponse>(
        target, std::move(request));
    if (!answer.ok()) return std::move(answer).error();
    for (const auto& result : answer->results) {
      if (result.error_code != 0) {
        outcomes.emplace(resource, error_of(result.error_code, "configuration of " + resource.name,
                                            result.error_message));
        continue;
      }
      constexpr std::int8_t kDefaultSource = 5;
      std::vector<ConfigEntry> entries;
      for (const auto& each : result.configs) {
        entries.push_back({each.name, each.value, each.config_source == kDefaultSource,
                           each.read_only, each.is_sensitive, each.config_source});
      }
      outcomes.emplace(resource, std::move(entries));
    }
  }
  return outcomes;
}

Result<Outcomes<TopicPartition, ListedOffset>> Admin::list_offsets(
    const std::map<TopicPartition, OffsetSpec>& partitions) {
  std::map<TopicPartition, std::int64_t> wanted;
  for (const auto& [partition, spec] : partitions) wanted[partition] = spec.timestamp;
  return core().await<ListedOffsets>([&](Done<ListedOffsets> done) {
    client::list_offsets(*core().cluster_, wanted, IsolationLevel::kReadUncommitted,
                         core().deadline(), std::move(done));
  });
}

Result<Outcomes<TopicPartition, Offset>> Admin::delete_records(
    const std::map<TopicPartition, Offset>& before) {
  return core().await<RecordsDeleted>([&](Done<RecordsDeleted> done) {
    client::delete_records(*core().cluster_, before, core().config_.api_timeout, core().deadline(),
                           std::move(done));
  });
}

Result<CommittedOffsets> Admin::list_group_offsets(const std::string& group_id) {
  return core().await<CommittedOffsets>([&](Done<CommittedOffsets> done) {
    fetch_committed(*core().cluster_, group_id, std::nullopt, core().deadline(), std::move(done));
  });
}

Result<std::vector<TransactionListing>> Admin::list_transactions(const TransactionFilter& filter) {
  wire::ListTransactionsRequest request;
  request.state_filters = filter.states;
  for (const ProducerId id : filter.producer_ids) request.producer_id_filters.push_back(id.value());
  if (filter.longer_than) request.duration_filter = filter.longer_than->count();
  using Response = wire::ListTransactionsResponse;
  auto answers =
      core().ask_every_broker<wire::ListTransactionsRequest, Response>(request, "transactions");
  if (!answers.ok()) return std::move(answers).error();
  std::vector<TransactionListing> listings;
  for (auto& [broker, answer] : *answers) {
    if (!answer.unknown_state_filters.empty()) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("wanted states of transactions that broker {} knows, found \"{}\"",
                               broker.value(), fmt::join(answer.unknown_state_filters, "\", \""))};
    }
    for (auto& each : answer.transaction_states) {
      listings.push_back({std::move(each.transactional_id), broker, ProducerId{each.producer_id},
                          std::move(each.transaction_state)});
    }
  }
  std::sort(listings.begin(), listings.end(),
            [](const auto& a, const auto& b) { return a.transactional_id < b.transactional_id; });
  return listings;
}

Result<Outcomes<std::string, TransactionDescription>> Admin::describe_transactions(
    const std::vector<std::string>& transactional_ids) {
  Outcomes<std::string, TransactionDescription> outcomes;
  using Response = wire::DescribeTransactionsResponse;
  for (const std::string& id : transactional_ids) {
    const CoordinatorKey key = CoordinatorKey::transaction(id);
    wire::DescribeTransactionsRequest request;
    request.transactional_ids = {id};
    auto answer = core().ask<wire::DescribeTransactionsRequest, Response>(
        Target::coordinator(key), std::move(request), [](const Response& each) {
          return each.transaction_states.empty()
                     ? KafkaError::kNone
                     : static_cast<KafkaError>(each.transaction_states.front().error_code);
        });
    if (!answer.ok()) {
      // Which coordinator has an id can be refused like what it knows of it.
      if (answer.error().code != ErrorCode::kKafka) return std::move(answer).error();
      outcomes.emplace(id, std::move(answer).error());
      continue;
    }
    const auto coordinator = core().coordinator(key);
    for (const auto& each : answer->transaction_states) {
      if (each.error_code != 0) {
        outcomes.emplace(id, error_of(each.error_code, "transactional id " + id));
      } else {
        outcomes.emplace(id, description_of(each, coordinator.ok() ? *coordinator : kNoBroker));
      }
    }
  }
  return outcomes;
}

Result<Outcomes<TopicPartition, std::vector<ProducerState>>> Admin::describe_producers(
    const std::set<TopicPartition>& partitions) {
  return core().await<ProducersOf>([&](Done<ProducersOf> done) {
    client::describe_producers(*core().cluster_, partitions, core().deadline(), std::move(done));
  });
}

Result<void> Admin::abort_transaction(const OpenTransaction& transaction) {
  return core().await<void>([&](Done<void> done) {
    write_abort_marker(*core().cluster_, transaction, core().deadline(), std::move(done));
  });
}

void Admin::wakeup() {
  core().wakeup();
}

}  // namespace millrace::client
