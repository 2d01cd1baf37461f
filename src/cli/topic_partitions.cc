#include "cli/topic_partitions.h"

#include <charconv>
#include <cstdint>

namespace millrace::cli {

Result<std::set<TopicPartition>> partitions_named(client::Admin& admin, const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::string topic = text.substr(0, colon);
  if (colon != std::string::npos) {
    std::int32_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data() + colon + 1, end, number);
    if (failure != std::errc{} || stop != end || number < 0 || topic.empty()) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("wanted TOPIC or TOPIC:PARTITION, found \"{}\"", text)};
    }
    return std::set{TopicPartition{topic, PartitionId{number}}};
  }
  const auto outcomes = admin.describe_topics({topic});
  if (!outcomes.ok()) return outcomes.error();
  std::set<TopicPartition> partitions;
  for (const auto& [name, described] : *outcomes) {
    if (!described.ok()) return described.error();
    for (const auto& each : described->partitions) partitions.insert({name, each.partition});
  }
  return partitions;
}

Result<std::set<TopicPartition>> partitions_named(client::Admin& admin,
                                                  const std::vector<std::string>& texts) {
  std::set<TopicPartition> partitions;
  for (const std::string& text : texts) {
    const auto found = partitions_named(admin, text);
    if (!found.ok()) return found.error();
    partitions.insert(found->begin(), found->end());
  }
  return partitions;
}

}  // namespace millrace::cli
