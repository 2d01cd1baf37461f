#include "streams/runtime/internal_topics.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace millrace::streams {
namespace {

// What the source topic took is taken here too, even from a clock that ran ahead.
constexpr const char* kAnyTimestamp = "9223372036854775807";

// Data passes through a repartition topic once, but may be old when history is read again: it is
// kept until deleted on purpose, never by its age.
const std::map<std::string, std::string> kRepartitionConfigs{
    {"cleanup.policy", "delete"},
    {"retention.ms", "-1"},
    {"segment.bytes", "52428800"},
    {"message.timestamp.type", "CreateTime"},
    {"message.timestamp.after.max.ms", kAnyTimestamp}};

// One record per key is the state; closed windows are taken out by tombstones, not by age.
const std::map<std::string, std::string> kChangelogConfigs{
    {"cleanup.policy", "compact"},
    {"retention.ms", "-1"},
    {"message.timestamp.type", "CreateTime"},
    {"message.timestamp.after.max.ms", kAnyTimestamp}};

const TaskPlan* reader_of(const Topology& topology, const std::string& repartition_topic) {
  for (const TaskPlan& plan : topology.plans()) {
    for (const TopicRef& topic : plan.source_topics()) {
      if (topic.kind == TopicRef::Kind::kInternal && topic.name == repartition_topic) return &plan;
    }
  }
  return nullptr;
}

/// The largest partition count among the plan's sources, of those whose kind is asked for; nullopt
/// while one of them is not known yet.
std::optional<std::int32_t> largest_source(const TaskPlan& plan, std::string_view application_id,
                                           const TopicPartitions& known) {
  std::int32_t largest = 0;
  for (const TopicRef& topic : plan.source_topics()) {
    const auto found = known.find(topic.resolve(application_id));
    if (found == known.end()) return std::nullopt;
    largest = std::max(largest, found->second);
  }
  return largest;
}

std::int32_t largest_external(const TaskPlan& plan, const TopicPartitions& external) {
  std::int32_t largest = 0;
  for (const TopicRef& topic : plan.source_topics()) {
    if (topic.kind != TopicRef::Kind::kExternal) continue;
    const auto found = external.find(topic.name);
    if (found != external.end()) largest = std::max(largest, found->second);
  }
  return largest;
}

/// As many partitions as the topics it is read together with; else as its writers' largest source.
std::optional<std::int32_t> partitions_of(const Topology& topology, const RepartitionTopic& topic,
                                          std::string_view application_id,
                                          const TopicPartitions& known) {
  if (const TaskPlan* const reader = reader_of(topology, topic.name)) {
    const std::int32_t beside = largest_external(*reader, known);
    if (beside > 0) return beside;
  }
  std::int32_t largest = 0;
  for (const std::size_t writer : topic.writers) {
    const auto count = largest_source(topology.plans()[writer], application_id, known);
    if (!count) return std::nullopt;
    largest = std::max(largest, *count);
  }
  return largest;
}

Status check_co_partitioned(const TaskPlan& plan, std::string_view application_id,
                            const TopicPartitions& known) {
  if (plan.stores.empty()) return {};
  std::string first;
  for (const TopicRef& topic : plan.source_topics()) {
    const std::string name = topic.resolve(application_id);
    if (first.empty()) first = name;
    if (known.at(name) == known.at(first)) continue;
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("store {} is fed by {} with {} partitions and {} with {}: equal keys "
                             "would not meet; give both topics equally many partitions",
                             plan.stores[0].name, first, known.at(first), name, known.at(name))};
  }
  return {};
}

}  // namespace

std::vector<std::string> external_sources(const Topology& topology) {
  std::vector<std::string> names;
  for (const TaskPlan& plan : topology.plans()) {
    for (const TopicRef& topic : plan.source_topics()) {
      if (topic.kind == TopicRef::Kind::kExternal) names.push_back(topic.name);
    }
  }
  return names;
}

Result<InternalTopicPlan> plan_internal_topics(const Topology& topology,
                                               std::string_view application_id,
                                               const TopicPartitions& external) {
  InternalTopicPlan result;
  TopicPartitions known = external;
  std::vector<RepartitionTopic> left = topology.repartition_topics();
  while (!left.empty()) {
    const std::size_t count_before = left.size();
    for (auto topic = left.begin(); topic != left.end();) {
      const auto partitions = partitions_of(topology, *topic, application_id, known);
      if (!partitions) {
        ++topic;
        continue;
      }
      const TopicRef ref{topic->name, TopicRef::Kind::kInternal};
      known[ref.resolve(application_id)] = *partitions;
      result.topics.push_back({ref.resolve(application_id), *partitions, kRepartitionConfigs});
      topic = left.erase(topic);
    }
    if (left.size() == count_before) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("partitions of {} cannot be derived: a source topic is unknown or "
                               "topics depend on each other in a circle",
                               left[0].name)};
    }
  }
  for (const TaskPlan& plan : topology.plans()) {
    const auto tasks = largest_source(plan, application_id, known);
    if (!tasks) return Error{ErrorCode::kNotFound, "a source topic is unknown"};
    if (Status status = check_co_partitioned(plan, application_id, known); !status.ok()) {
      return std::move(status).error();
    }
    for (const StorePlan& store : plan.stores) {
      if (store.changelog == Changelog::kOff) continue;
      result.topics.push_back(
          {changelog_topic(application_id, store.name), *tasks, kChangelogConfigs});
    }
  }
  result.sources = std::move(known);
  return result;
}

}  // namespace millrace::streams
