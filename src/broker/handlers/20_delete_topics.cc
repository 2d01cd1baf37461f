// DeleteTopics, versions 1–6.
//   Gone at once: metadata, and the offsets that groups kept; those who wait in a fetch are told.
//   The files are renamed, and removed by the housekeeping after file.delete.delay.ms.
// Version notes: v5 says why; v6 takes a name or an id.
#include <map>
#include <string>
#include <utility>

#include "broker/handlers/handlers.h"
#include "broker/handlers/replies.h"
#include "broker/topics/topic_catalogue.h"
#include "wire/error_text.h"
#include "wire/messages/delete_topics.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;
using wire::make_error;
using State = wire::DeleteTopicsRequest::DeleteTopicState;
using DeletedTopic = wire::DeleteTopicsResponse::DeletableTopicResult;

constexpr std::int16_t kFirstVersionWithIds = 6;

DeletedTopic refuse(const State& wanted, const Error& error) {
  DeletedTopic outcome;
  outcome.name = wanted.name;
  outcome.topic_id = wanted.topic_id;
  outcome.error_code = code_of(wire::kafka_error_of(error));
  outcome.error_message = wire::bare_text(error);
  return outcome;
}

DeletedTopic delete_one(const State& wanted, BrokerState& state) {
  const bool by_id = !wanted.topic_id.is_zero();
  if (by_id == wanted.name.has_value())
    return refuse(wanted, make_error(KafkaError::kInvalidRequest,
                                     "a topic is named by its name or by its id"));
  const auto table = state.topics.table();
  const Topic* const topic = by_id ? table->find(wanted.topic_id) : table->find(*wanted.name);
  if (topic == nullptr)
    return refuse(
        wanted, by_id ? make_error(KafkaError::kUnknownTopicId, "no topic has this id")
                      : make_error(KafkaError::kUnknownTopicOrPartition, "there is no such topic"));
  if (auto status = state.topics.remove(topic->name); !status.ok())
    return refuse(wanted, status.error());

  DeletedTopic outcome;
  outcome.name = topic->name;
  outcome.topic_id = topic->id;
  return outcome;
}

}  // namespace

wire::DeleteTopicsResponse handle_delete_topics(wire::DeleteTopicsRequest request,
                                                const RequestContext& context, BrokerState& state) {
  auto wanted = std::move(request.topics);
  if (context.api_version < kFirstVersionWithIds) {
    for (auto& name : request.topic_names) wanted.push_back({std::move(name), {}});
  }
  std::map<std::pair<std::optional<std::string>, Uuid>, int> mentions;
  for (const auto& each : wanted) ++mentions[{each.name, each.topic_id}];

  wire::DeleteTopicsResponse response;
  for (const auto& each : wanted) {
    int& count = mentions[{each.name, each.topic_id}];
    if (count == 1) {
      response.responses.push_back(delete_one(each, state));
    } else if (count > 1) {
      response.responses.push_back(refuse(
          each,
          make_error(KafkaError::kInvalidRequest, "the request names this topic more than once")));
      count = 0;  // answered once
    }
  }
  return response;
}

}  // namespace millrace::broker
