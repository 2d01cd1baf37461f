// CreateTopics, versions 2–7.
//   Each topic has its own outcome; one that is named twice in a request is refused, once.
//   Names that differ only by '.' and '_' collide.
//   validate_only answers as if created, and changes nothing.
// Version notes: v4 lets -1 stand for the defaults; v5 shows the configuration (KIP-525) and is
// flexible; v7 shows the topic id.
#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>

#include "broker/handlers/handlers.h"
#include "broker/handlers/replies.h"
#include "broker/properties/config_entries.h"
#include "broker/topics/settings_catalogue.h"
#include "broker/topics/topic_catalogue.h"
#include "broker/topics/topic_rules.h"
#include "wire/error_text.h"
#include "wire/messages/create_topics.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;
using wire::make_error;
using AskedTopic = wire::CreateTopicsRequest::CreatableTopic;
using CreatedTopic = wire::CreateTopicsResponse::CreatableTopicResult;

CreatedTopic refuse(const std::string& name, const Error& error) {
  CreatedTopic outcome;
  outcome.name = name;
  outcome.error_code = code_of(wire::kafka_error_of(error));
  outcome.error_message = wire::bare_text(error);
  outcome.configs.reset();
  return outcome;
}

CreatedTopic describe(const NewTopic& topic, const Uuid& id, BrokerId node,
                      const BrokerState& state) {
  CreatedTopic outcome;
  outcome.name = topic.name;
  outcome.topic_id = id;
  outcome.error_message.reset();
  outcome.num_partitions = topic.partition_count;
  outcome.replication_factor = topic.replication_factor;
  const auto settings = state.settings.settings();
  for (const auto& entry : topic_config_entries(topic.configs, settings->set, state.config, node)) {
    auto& config = outcome.configs->emplace_back();
    config.name = entry.name;
    config.value = entry.value;
    config.config_source = static_cast<std::int8_t>(entry.source);
  }
  return outcome;
}

enum class Really : std::uint8_t { kCreate, kOnlyValidate };

/// What create() would say, without creating.
Status check_free(const TopicTable& topics, const std::string& name) {
  if (topics.find(name) != nullptr)
    return make_error(KafkaError::kTopicAlreadyExists, fmt::format("topic '{}' exists", name));
  if (const auto other = find_collision(topics, name))
    return make_error(KafkaError::kInvalidTopicException,
                      fmt::format("topic '{}' collides with '{}'", name, *other));
  return {};
}

CreatedTopic create_one(const AskedTopic& wanted, Really really, const RequestContext& context,
                        BrokerState& state) {
  if (state.topics.table()->find(wanted.name) != nullptr)
    return refuse(wanted.name, make_error(KafkaError::kTopicAlreadyExists,
                                          fmt::format("topic '{}' exists", wanted.name)));
  auto planned = plan_topic(wanted, state.config, state.nodes.running(),
                            state.settings.settings()->topic_defaults);
  if (!planned.ok()) return refuse(wanted.name, planned.error());
  if (really == Really::kOnlyValidate) {
    auto free = check_free(*state.topics.table(), wanted.name);
    return free.ok() ? describe(*planned, {}, context.node, state)
                     : refuse(wanted.name, free.error());
  }
  const auto made = state.topics.create(*planned);
  return made.ok() ? describe(*planned, made.value()->id, context.node, state)
                   : refuse(wanted.name, made.error());
}

}  // namespace

wire::CreateTopicsResponse handle_create_topics(wire::CreateTopicsRequest request,
                                                const RequestContext& context, BrokerState& state) {
  const Really really = request.validate_only ? Really::kOnlyValidate : Really::kCreate;
  std::map<std::string, int> mentions;
  for (const auto& wanted : request.topics) ++mentions[wanted.name];

  wire::CreateTopicsResponse response;
  for (const auto& wanted : request.topics) {
    int& count = mentions[wanted.name];
    if (count == 1) {
      response.topics.push_back(create_one(wanted, really, context, state));
    } else if (count > 1) {
      response.topics.push_back(refuse(
          wanted.name,
          make_error(KafkaError::kInvalidRequest, "the request names this topic more than once")));
      count = 0;  // answered once
    }
  }
  return response;
}

}  // namespace millrace::broker
