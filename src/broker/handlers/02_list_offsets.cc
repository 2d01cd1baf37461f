// ListOffsets, versions 1–11.
//   Readers of committed records see no offset past the last stable one.
//   A timestamp finds the first record that is not older; none gives offset -1 without an error.
//   Below zero: -1 the end, -2 the start, -3 the record with the largest timestamp (v7), -4 the
//   start on local disk (v8), -5 the end of tiered storage (v9), -6 what waits for upload (v11); a
//   broker without tiers has nothing for the last two.
//   A partition that is asked for twice is answered once, with INVALID_REQUEST.
// Version notes: v4 carries leader epochs (KIP-320); v6 is flexible.
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "broker/handlers/handlers.h"
#include "broker/handlers/replies.h"
#include "broker/topics/topic_catalogue.h"
#include "wire/messages/list_offsets.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;
using FoundOffset = wire::ListOffsetsResponse::ListOffsetsPartitionResponse;
using AskedOffset = wire::ListOffsetsRequest::ListOffsetsPartition;

constexpr std::int64_t kLatest = -1;
constexpr std::int64_t kEarliest = -2;
constexpr std::int64_t kMaxTimestamp = -3;
constexpr std::int64_t kEarliestLocal = -4;
constexpr std::int64_t kLatestTiered = -5;
constexpr std::int64_t kEarliestPendingUpload = -6;

constexpr std::int16_t kFirstVersionWithEpochs = 4;
constexpr std::int8_t kListCommitted = 1;
constexpr std::int32_t kConsumer = -1;  // as replica id
constexpr int kAnswered = 0;

/// The first version that gives a timestamp below zero its meaning; past the last when none does.
std::int16_t first_version_of(std::int64_t timestamp) {
  switch (timestamp) {
    case kLatest:
    case kEarliest:
      return 1;
    case kMaxTimestamp:
      return 7;
    case kEarliestLocal:
      return 8;
    case kLatestTiered:
      return 9;
    case kEarliestPendingUpload:
      return 11;
    default:
      return INT16_MAX;
  }
}

/// The epoch under which the record at `offset` was written, or will be; epochs of a log are few.
LeaderEpoch epoch_at(const Partition& partition, Offset offset) {
  const auto& log = partition.log();
  if (offset >= log.log_end_offset()) return partition.leader_epoch();
  const LeaderEpoch latest = log.latest_leader_epoch();
  for (std::int32_t epoch = 0; epoch < latest.value(); ++epoch) {
    const auto end = log.end_offset_for_epoch(LeaderEpoch{epoch});
    if (end.epoch.value() == epoch && end.end_offset > offset) return LeaderEpoch{epoch};
  }
  return latest;
}

void fill(FoundOffset& answer, const storage::OffsetAtTime& found) {
  answer.offset = found.offset.value();
  answer.timestamp = found.timestamp.value();
  answer.leader_epoch = found.leader_epoch.value();
}

/// What a client may see of a partition, by the isolation level that it asks with.
enum class Sees : std::uint8_t { kAll, kCommitted };

void look_up(const Partition& partition, std::int64_t timestamp, Sees sees, FoundOffset& answer) {
  const auto& log = partition.log();
  const Offset end =
      sees == Sees::kCommitted ? partition.last_stable_offset() : partition.high_watermark();
  if (timestamp == kLatest) {
    answer.offset = end.value();
    answer.leader_epoch = partition.leader_epoch().value();
    return;
  }
  if (timestamp == kEarliest || timestamp == kEarliestLocal) {
    const Offset start = log.log_start_offset();
    answer.offset = start.value();
    answer.leader_epoch = epoch_at(partition, start).value();
    return;
  }
  if (timestamp == kLatestTiered || timestamp == kEarliestPendingUpload) return;

  const auto found = timestamp == kMaxTimestamp ? log.max_timestamp()
                                                : log.offset_for_timestamp(Timestamp{timestamp});
  if (!found.ok())
    answer.error_code = code_of(wire::kafka_error_of(found.error()));
  else if (found->has_value() && (*found)->offset < end)
    fill(answer, **found);
}

FoundOffset answer_one(const Partition* partition, const AskedOffset& wanted, Sees sees,
                       const RequestContext& context) {
  const std::int16_t version = context.api_version;
  FoundOffset answer;
  answer.partition_index = wanted.partition_index;
  if (wanted.timestamp < 0 && version < first_version_of(wanted.timestamp)) {
    answer.error_code = code_of(KafkaError::kUnsupportedVersion);
    return answer;
  }
  if (partition == nullptr) {
    answer.error_code = code_of(KafkaError::kUnknownTopicOrPartition);
    return answer;
  }
  answer.error_code = code_of(check_leads(*partition, context.node, wanted.current_leader_epoch));
  if (answer.error_code == 0) look_up(*partition, wanted.timestamp, sees, answer);
  if (version < kFirstVersionWithEpochs) answer.leader_epoch = -1;
  return answer;
}

/// How often each partition is asked for: one that is asked for twice is refused.
using TimesAsked = std::map<std::pair<std::string_view, std::int32_t>, int>;

TimesAsked times_asked(const wire::ListOffsetsRequest& request) {
  TimesAsked times;
  for (const auto& topic : request.topics) {
    for (const auto& wanted : topic.partitions) ++times[{topic.name, wanted.partition_index}];
  }
  return times;
}

/// The answers of a topic, which is named once however often it was asked for.
auto& answers_of(const std::string& topic, wire::ListOffsetsResponse& response,
                 std::map<std::string_view, std::size_t>& places) {
  const auto [place, is_new] = places.emplace(topic, response.topics.size());
  if (is_new) response.topics.emplace_back().name = topic;
  return response.topics[place->second].partitions;
}

}  // namespace

wire::ListOffsetsResponse handle_list_offsets(wire::ListOffsetsRequest request,
                                              const RequestContext& context, BrokerState& state) {
  const auto topics = state.topics.table();
  const bool is_consumer = request.replica_id == kConsumer;
  const Sees sees =
      is_consumer && request.isolation_level == kListCommitted ? Sees::kCommitted : Sees::kAll;
  const bool is_level_unknown =
      request.isolation_level < 0 || request.isolation_level > kListCommitted;
  wire::ListOffsetsResponse response;
  std::map<std::string_view, std::size_t> places;
  TimesAsked times = times_asked(request);
  for (const auto& topic : request.topics) {
    for (const auto& wanted : topic.partitions) {
      int& count = times[{topic.name, wanted.partition_index}];
      if (count == kAnswered) continue;
      auto& answers = answers_of(topic.name, response, places);
      if (is_level_unknown) {
        auto& answer = answers.emplace_back();
        answer.partition_index = wanted.partition_index;
        answer.error_code = code_of(KafkaError::kUnknownServerError);
      } else if (count == 1) {
        answers.push_back(answer_one(topics->find_partition(topic.name, wanted.partition_index),
                                     wanted, sees, context));
      } else {
        auto& answer = answers.emplace_back();
        answer.partition_index = wanted.partition_index;
        answer.error_code = code_of(KafkaError::kInvalidRequest);
      }
      count = kAnswered;
    }
  }
  return response;
}

}  // namespace millrace::broker
