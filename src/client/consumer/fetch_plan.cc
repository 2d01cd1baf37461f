#include "client/consumer/fetch_plan.h"

#include <algorithm>

namespace millrace::client {
namespace {

constexpr std::int16_t kLastFetchByName = 12;

}  // namespace

bool FetchPlan::knows_all_ids() const {
  const auto is_known = [](const PlannedPart& part) { return !part.topic_id.is_zero(); };
  return std::all_of(parts.begin(), parts.end(), is_known) &&
         std::all_of(forgotten.begin(), forgotten.end(), is_known);
}

const PlannedPart* FetchPlan::find(std::string_view topic, const Uuid& topic_id,
                                   std::int32_t partition) const {
  auto first = parts.begin();
  if (topic.empty()) {
    if (topic_id.is_zero()) return nullptr;
    while (first != parts.end() && first->topic_id != topic_id) first = end_of_topic(first);
    if (first == parts.end()) return nullptr;
    topic = first->partition.topic;
  }
  const auto is_before = [&](const PlannedPart& part, std::int32_t number) {
    const auto order = std::string_view(part.partition.topic).compare(topic);
    return order != 0 ? order < 0 : part.partition.partition.value() < number;
  };
  const auto found = std::lower_bound(first, parts.end(), partition, is_before);
  const bool is_it = found != parts.end() && found->partition.topic == topic &&
                     found->partition.partition.value() == partition;
  return is_it ? &*found : nullptr;
}

std::vector<PlannedPart>::const_iterator FetchPlan::end_of_topic(
    std::vector<PlannedPart>::const_iterator first) const {
  const std::string& topic = first->partition.topic;
  return std::partition_point(
      first, parts.end(), [&](const PlannedPart& part) { return part.partition.topic == topic; });
}

wire::FetchRequest to_request(const FetchPlan& plan, const FetchTerms& terms) {
  wire::FetchRequest request;
  request.max_wait_ms = static_cast<std::int32_t>(terms.wait_max.count());
  request.min_bytes = terms.bytes_min;
  request.max_bytes = terms.bytes_max;
  request.isolation_level = static_cast<std::int8_t>(terms.isolation);
  request.rack_id = terms.rack;
  request.session_id = plan.session.id;
  request.session_epoch = plan.session.epoch;
  for (const PlannedPart& part : plan.parts) {
    if (request.topics.empty() || request.topics.back().topic != part.partition.topic) {
      request.topics.push_back(
          {.topic = part.partition.topic, .topic_id = part.topic_id, .partitions = {}});
    }
    wire::FetchRequest::FetchPartition asked;
    asked.partition = part.partition.partition.value();
    asked.current_leader_epoch = part.leader_epoch.value();
    asked.fetch_offset = part.offset.value();
    asked.partition_max_bytes = part.bytes_max;
    request.topics.back().partitions.push_back(asked);
  }
  for (const PlannedPart& part : plan.forgotten) {
    auto& topics = request.forgotten_topics_data;
    if (topics.empty() || topics.back().topic != part.partition.topic) {
      topics.push_back(
          {.topic = part.partition.topic, .topic_id = part.topic_id, .partitions = {}});
    }
    topics.back().partitions.push_back(part.partition.partition.value());
  }
  return request;
}

wire::VersionRange versions_for(const FetchPlan& plan) {
  wire::VersionRange versions = wire::FetchRequest::kVersions;
  if (!plan.knows_all_ids()) versions.max = kLastFetchByName;
  return versions;
}

}  // namespace millrace::client
