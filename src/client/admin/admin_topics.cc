#include <algorithm>

#include "base/saturating.h"
#include "client/admin.h"
#include "client/admin/admin_core.h"
#include "client/consumer/offset_requests.h"
#include "wire/messages/create_partitions.h"
#include "wire/messages/create_topics.h"
#include "wire/messages/delete_topics.h"

namespace millrace::client {
namespace {

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

}  // namespace

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
    outcomes.emplace(topic.name, admin_outcome(topic.error_code, "create topic " + topic.name,
                                               topic.error_message));
  }
  return outcomes;
}

Result<Outcomes<std::string, void>> Admin::create_partitions(
    const std::map<std::string, NewPartitions>& topics, Validate validate) {
  wire::CreatePartitionsRequest request;
  request.timeout_ms = static_cast<std::int32_t>(core().config_.api_timeout.count());
  request.validate_only = validate == Validate::kOnly;
  for (const auto& [name, wanted] : topics) {
    auto& topic = request.topics.emplace_back();
    topic.name = name;
    topic.count = wanted.total;
    topic.assignments.reset();
    if (!wanted.assignments) continue;
    topic.assignments.emplace();
    for (const auto& replicas : *wanted.assignments) {
      auto& assignment = topic.assignments->emplace_back();
      for (const BrokerId id : replicas) assignment.broker_ids.push_back(id.value());
    }
  }
  using Response = wire::CreatePartitionsResponse;
  auto answer = core().ask<wire::CreatePartitionsRequest, Response>(
      Target::controller(), std::move(request),
      [](const Response& each) { return found_no_controller(each.results); });
  if (!answer.ok()) return std::move(answer).error();
  Outcomes<std::string, void> outcomes;
  for (const auto& topic : answer->results)
    outcomes.emplace(topic.name,
                     admin_outcome(topic.error_code, "add partitions to topic " + topic.name,
                                   topic.error_message));
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
                     admin_outcome(topic.error_code, "delete topic " + name, topic.error_message));
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
      outcomes.emplace(name, admin_error(topic.error_code, "topic " + name));
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

}  // namespace millrace::client
