// CreatePartitions, versions 0–3.
//   Says how many partitions a topic has afterwards; those that it has stay, and so do their
//   records, but keys go elsewhere from then on.
//   Each topic has its own outcome; one that is named twice in a request is refused, once.
//   validate_only answers as if made, and changes nothing.
// Version notes: v2 is flexible.
#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "broker/handlers/handlers.h"
#include "broker/topics/topic_catalogue.h"
#include "broker/topics/topic_rules.h"
#include "wire/error_codes.h"
#include "wire/error_text.h"
#include "wire/messages/create_partitions.h"

namespace millrace::broker {

namespace {

using WantedPartitions = wire::CreatePartitionsRequest::CreatePartitionsTopic;

Status create_partitions(const WantedPartitions& wanted, bool validate_only, BrokerState& state) {
  const auto table = state.topics.table();
  const Topic* const topic = table->find(wanted.name);
  if (topic == nullptr)
    return wire::make_error(wire::KafkaError::kUnknownTopicOrPartition,
                            fmt::format("there is no topic '{}'", wanted.name));
  auto status = check_new_partitions(wanted, *topic, state.config, state.nodes.running());
  if (!status.ok() || validate_only) return status;
  std::vector<std::vector<BrokerId>> assignments;
  if (wanted.assignments) {
    for (const auto& [ids] : *wanted.assignments) assignments.emplace_back(ids.begin(), ids.end());
  }
  return state.topics.add_partitions(wanted.name, wanted.count, assignments);
}

}  // namespace

wire::CreatePartitionsResponse handle_create_partitions(wire::CreatePartitionsRequest request,
                                                        const RequestContext&, BrokerState& state) {
  std::map<std::string, int> mentions;
  for (const auto& wanted : request.topics) ++mentions[wanted.name];

  wire::CreatePartitionsResponse response;
  for (const auto& wanted : request.topics) {
    int& count = mentions[wanted.name];
    if (count == 0) continue;  // answered already
    const Status status = count > 1
                              ? wire::make_error(wire::KafkaError::kInvalidRequest,
                                                 "the request names this topic more than once")
                              : create_partitions(wanted, request.validate_only, state);
    count = 0;
    auto& answer = response.results.emplace_back();
    answer.name = wanted.name;
    if (status.ok()) continue;
    answer.error_code = code_of(wire::kafka_error_of(status.error()));
    answer.error_message = wire::bare_text(status.error());
  }
  return response;
}

}  // namespace millrace::broker
