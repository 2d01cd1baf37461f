// DeleteRecords, versions 0–2.
//   Each partition begins at the offset asked for from now on, or at its high watermark for -1, and
//   says where it begins; one that begins there or later already stays as it is.
//   The answer waits until that is written down: what was deleted stays so through any stop.
//   A partition that is named twice counts as it was named last.
//   Compacted topics refuse, unless they delete too; so do the topics that the broker keeps itself.
// Version notes: v2 is flexible.
#include <map>
#include <string>
#include <utility>

#include "base/log.h"
#include "broker/handlers/handlers.h"
#include "broker/handlers/replies.h"
#include "broker/topics/topic_catalogue.h"
#include "wire/messages/delete_records.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;
using DeletedUpTo = wire::DeleteRecordsResponse::DeleteRecordsPartitionResult;

constexpr std::int64_t kHighWatermark = -1;

DeletedUpTo delete_records_of_one(const Topic* topic, std::int32_t index, std::int64_t offset,
                                  BrokerId node) {
  DeletedUpTo answer;
  answer.partition_index = index;
  answer.low_watermark = -1;
  Partition* const partition = topic == nullptr ? nullptr : topic->partition(index);
  if (partition == nullptr) {
    answer.error_code = code_of(KafkaError::kUnknownTopicOrPartition);
    return answer;
  }
  if (topic->is_internal()) {
    answer.error_code = code_of(KafkaError::kInvalidTopicException);
    return answer;
  }
  answer.error_code = code_of(check_leads(*partition, node));
  if (answer.error_code != 0) return answer;
  const auto start = partition->delete_records_before(
      offset == kHighWatermark ? partition->high_watermark() : Offset{offset});
  if (start.ok())
    answer.low_watermark = start->value();
  else
    answer.error_code = code_of(wire::kafka_error_of(start.error()));
  return answer;
}

/// Writes down where the partitions begin; where that fails, says so and not that they do.
void write_down_starts(wire::DeleteRecordsResponse& response, BrokerState& state) {
  const auto each = [&](const auto& visit) {
    for (auto& topic : response.topics) {
      for (auto& answer : topic.partitions) {
        if (answer.error_code == 0) visit(answer);
      }
    }
  };
  bool has_any = false;
  each([&](const DeletedUpTo&) { has_any = true; });
  if (!has_any) return;
  const auto kept = state.topics.keep_log_starts();
  if (kept.ok()) return;
  LOG_WARN("what was deleted could not be written down", {{"reason", kept.error().message}});
  each([&](DeletedUpTo& answer) {
    answer.low_watermark = -1;
    answer.error_code = code_of(KafkaError::kKafkaStorageError);
  });
}

}  // namespace

wire::DeleteRecordsResponse handle_delete_records(wire::DeleteRecordsRequest request,
                                                  const RequestContext& context,
                                                  BrokerState& state) {
  std::map<std::string, std::map<std::int32_t, std::int64_t>> wanted;
  for (auto& topic : request.topics) {
    auto& partitions = wanted[std::move(topic.name)];
    for (const auto& each : topic.partitions) partitions[each.partition_index] = each.offset;
  }

  const auto topics = state.topics.table();
  wire::DeleteRecordsResponse response;
  for (const auto& [name, partitions] : wanted) {
    auto& answers = response.topics.emplace_back();
    answers.name = name;
    for (const auto& [index, offset] : partitions)
      answers.partitions.push_back(
          delete_records_of_one(topics->find(name), index, offset, context.node));
  }
  write_down_starts(response, state);
  return response;
}

}  // namespace millrace::broker
