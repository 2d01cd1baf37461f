#include "client/group/subscription_codec.h"

#include <map>

#include "base/check.h"
#include "wire/consumer_protocol.h"

namespace millrace::client {
namespace {

constexpr std::int16_t kSubscriptionVersion = 3;
constexpr std::int16_t kAssignmentVersion = 3;

// Both messages list partitions by topic, in a type of their own.
template <class Entry>
std::vector<Entry> by_topic(const std::vector<TopicPartition>& partitions) {
  std::map<std::string_view, std::vector<std::int32_t>> grouped;
  for (const TopicPartition& each : partitions) {
    grouped[each.topic].push_back(each.partition.value());
  }
  std::vector<Entry> entries;
  for (auto& [topic, indexes] : grouped) {
    entries.push_back({.topic = std::string(topic), .partitions = std::move(indexes)});
  }
  return entries;
}

template <class Entry>
std::vector<TopicPartition> flattened(const std::vector<Entry>& entries) {
  std::vector<TopicPartition> partitions;
  for (const Entry& entry : entries) {
    for (const std::int32_t index : entry.partitions) {
      partitions.push_back({entry.topic, PartitionId{index}});
    }
  }
  return partitions;
}

std::string must_encode(Result<std::string> encoded) {
  CHECK(encoded.ok(), "group member data cannot be encoded: {}", encoded.error().to_string());
  return std::move(encoded).value();
}

}  // namespace

std::string encode_subscription(const MemberSubscription& subscription) {
  wire::ConsumerProtocolSubscription message;
  message.topics = subscription.topics;
  message.owned_partitions =
      by_topic<wire::ConsumerProtocolSubscription::TopicPartition>(subscription.owned);
  message.generation_id = subscription.generation;
  message.rack_id = subscription.rack;
  if (!subscription.user_data.empty()) message.user_data = subscription.user_data;
  return must_encode(wire::encode_subscription(message, kSubscriptionVersion));
}

Result<MemberSubscription> decode_subscription(std::string_view bytes) {
  auto message = wire::decode_subscription(bytes);
  if (!message.ok()) return std::move(message).error();
  MemberSubscription subscription;
  subscription.topics = std::move(message->topics);
  subscription.owned = flattened(message->owned_partitions);
  subscription.generation = message->generation_id;
  subscription.rack = std::move(message->rack_id);
  subscription.user_data = std::move(message->user_data).value_or("");
  return subscription;
}

std::string encode_assignment(const MemberAssignment& assignment) {
  wire::ConsumerProtocolAssignment message;
  message.assigned_partitions =
      by_topic<wire::ConsumerProtocolAssignment::TopicPartition>(assignment.partitions);
  if (!assignment.user_data.empty()) message.user_data = assignment.user_data;
  return must_encode(wire::encode_assignment(message, kAssignmentVersion));
}

Result<MemberAssignment> decode_assignment(std::string_view bytes) {
  auto message = wire::decode_assignment(bytes);
  if (!message.ok()) return std::move(message).error();
  return MemberAssignment{flattened(message->assigned_partitions),
                          std::move(message->user_data).value_or("")};
}

}  // namespace millrace::client
