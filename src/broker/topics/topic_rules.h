// What Kafka allows topics to be. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "broker/broker_config.h"
#include "broker/properties/config_changes.h"
#include "broker/topics/topic_catalogue.h"
#include "model/ids.h"
#include "storage/log_config.h"
#include "wire/messages/create_partitions.h"
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
/// nodes     those that may hold replicas
/// defaults  SettingsInForce::topic_defaults
/// errors  the one that Kafka answers with: INVALID_TOPIC_EXCEPTION, INVALID_PARTITIONS,
///         INVALID_REPLICATION_FACTOR, INVALID_REPLICA_ASSIGNMENT, INVALID_REQUEST, INVALID_CONFIG,
///         POLICY_VIOLATION
Result<NewTopic> plan_topic(const wire::CreateTopicsRequest::CreatableTopic& wanted,
                            const BrokerConfig& config, const Running& nodes,
                            const ConfigOverrides& defaults = {});

/// Whether the topic may have `count` partitions instead of those it has.
/// errors  INVALID_PARTITIONS (no increase), POLICY_VIOLATION (more than partitions_max),
///         INVALID_REQUEST (the broker's own, where what belongs together stays in one partition)
Status check_partition_increase(const Topic& topic, std::int32_t count, const BrokerConfig& config);
/// What a CreatePartitions request asks for of a topic that there is.
/// errors  also INVALID_REPLICA_ASSIGNMENT
Status check_new_partitions(const wire::CreatePartitionsRequest::CreatePartitionsTopic& wanted,
                            const Topic& topic, const BrokerConfig& config, const Running& nodes);

/// What a topic's overrides become by what a request asks for.
/// errors  INVALID_CONFIG
Result<TopicConfigs> plan_topic_configs(TopicConfigs current, std::span<const ConfigChange> changes,
                                        const ConfigOverrides& defaults = {});

/// The log's side of a topic's configuration.
/// defaults  what holds where it says nothing: SettingsInForce::topic_defaults
/// errors    INVALID_CONFIG
Result<storage::LogConfig> log_config_of(const TopicConfigs& configs,
                                         const ConfigOverrides& defaults = {});

}  // namespace millrace::broker
