#include "streams/runtime/topic_keeper.h"

#include <fmt/format.h>

#include <utility>

#include "base/log.h"
#include "wire/error_codes.h"

namespace millrace::streams {
namespace {

// A topic that was made a moment ago may not have reached the broker that is asked.
constexpr Millis kSourceTopicPatience{3'000};

/// Partition counts of those of `names` that exist. patience  how long others may take to appear
Result<TopicPartitions> existing(client::Admin& admin, const std::vector<std::string>& names,
                                 Millis patience) {
  TopicPartitions counts;
  if (names.empty()) return counts;
  auto described = admin.await_topics(names, patience);
  if (!described.ok()) return std::move(described).error();
  for (auto& [name, topic] : *described) {
    if (topic.ok()) {
      counts[name] = static_cast<std::int32_t>(topic->partitions.size());
    } else if (wire::kafka_error_of(topic.error()) != wire::KafkaError::kUnknownTopicOrPartition) {
      return Error(topic.error()).with_context("topic " + name);
    }
  }
  return counts;
}

Status create(client::Admin& admin, const std::vector<client::NewTopic>& topics) {
  if (topics.empty()) return {};
  auto created = admin.create_topics(topics);
  if (!created.ok()) return std::move(created).error();
  for (const auto& [name, outcome] : *created) {
    // Another instance of the application may have been faster.
    if (outcome.ok() ||
        wire::kafka_error_of(outcome.error()) == wire::KafkaError::kTopicAlreadyExists) {
      LOG_INFO("internal topic is there", {{"topic", name}});
      continue;
    }
    return Error(outcome.error()).with_context("making internal topic " + name);
  }
  return {};
}

}  // namespace

Result<InternalTopicPlan> prepare_topics(client::Admin& admin, const Topology& topology,
                                         const StreamsConfig& config) {
  const std::vector<std::string> sources = external_sources(topology);
  auto external = existing(admin, sources, kSourceTopicPatience);
  if (!external.ok()) return std::move(external).error();
  for (const std::string& name : sources) {
    if (external->contains(name)) continue;
    return Error{ErrorCode::kNotFound,
                 fmt::format("source topic {} does not exist: create it first", name)};
  }
  auto plan = plan_internal_topics(topology, config.application_id, *external);
  if (!plan.ok()) return plan;

  std::vector<std::string> names;
  for (const InternalTopic& topic : plan->topics) names.push_back(topic.name);
  const auto present = existing(admin, names, Millis{0});
  if (!present.ok()) return present.error();
  std::vector<client::NewTopic> missing;
  for (const InternalTopic& topic : plan->topics) {
    const auto found = present->find(topic.name);
    if (found == present->end()) {
      missing.push_back({topic.name, topic.partitions, config.replication_factor, topic.configs});
    } else if (found->second != topic.partitions) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("internal topic {} has {} partitions, the topology needs {}: reset "
                               "the application or choose another application.id",
                               topic.name, found->second, topic.partitions)};
    }
  }
  if (Status created = create(admin, missing); !created.ok()) return std::move(created).error();
  return plan;
}

}  // namespace millrace::streams
