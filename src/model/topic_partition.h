// Which log: a topic's name and a partition of it.
#pragma once

#include <fmt/format.h>

#include <compare>
#include <functional>
#include <string>

#include "model/ids.h"

namespace millrace {

struct TopicPartition {
  std::string topic;
  PartitionId partition;

  auto operator<=>(const TopicPartition&) const = default;
};

}  // namespace millrace

template <>
struct std::hash<millrace::TopicPartition> {
  std::size_t operator()(const millrace::TopicPartition& value) const noexcept {
    return std::hash<std::string>{}(value.topic) * 31U +
           static_cast<std::size_t>(value.partition.value());
  }
};

/// "topic-3", as Kafka names the folder.
template <>
struct fmt::formatter<millrace::TopicPartition> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const millrace::TopicPartition& value, Context& context) const {
    return fmt::format_to(context.out(), "{}-{}", value.topic, value.partition.value());
  }
};
