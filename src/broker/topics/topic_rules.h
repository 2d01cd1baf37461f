// What Kafka allows topics to be. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "broker/broker_config.h"
#include "broker/topics/topic_catalogue.h"
#include "model/ids.h"
#include "storage/log_config.h"
#include "wire/messages/create_topics.h"

namespace millrace::broker {

/// errors  INVALID_TOPIC_EXCEPTION: empty, ".", "..", too long, or a character other than letters,
///         digits, '.', '_' and '-'
Status check_topic_name(std::string_view name);

/// An existing topic whose metric names would be the same: '.' and '_' count as one character.
std::optional<std::string> find_collision(const TopicTable& topics, std::string_view name);

/// A topic as auto-creation makes it.
NewTopic default_topic(std::string_view name, const BrokerConfig& config);

/// What a CreateTopics request asks for, with the broker's defaults filled in. Knows nothing of the
/// topics there are.
/// nodes   those that may hold replicas
/// errors  the one that Kafka answers with: INVALID_TOPIC_EXCEPTION, INVALID_PARTITIONS,
///         INVALID_REPLICATION_FACTOR, INVALID_REPLICA_ASSIGNMENT, INVALID_REQUEST, INVALID_CONFIG,
///         POLICY_VIOLATION
Result<NewTopic> plan_topic(const wire::CreateTopicsRequest::CreatableTopic& wanted,
                            const BrokerConfig& config, const Running& nodes);

/// The log's side of a topic's configuration.
/// errors  INVALID_CONFIG
Result<storage::LogConfig> log_config_of(const TopicConfigs& configs);

}  // namespace millrace::broker
