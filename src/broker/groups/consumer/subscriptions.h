// Which topics the members of a consumer group want, and what there is of these.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "broker/groups/consumer/consumer_group.h"
#include "broker/groups/consumer/group_topics.h"

namespace millrace::broker {

/// The longest regular expression, in bytes; what it compiles to is bounded too.
inline constexpr std::size_t kRegexBytesMax = 32'000;

/// Whether RE2 takes the expression. An empty one stands for none.
/// errors  kInvalidArgument with what RE2 says
Status check_regex(const std::string& regex);
/// The existing topics whose whole name it matches, internal ones too, as in Kafka; none when it is
/// not valid.   cost  linear in the names of all topics
std::set<std::string> matching_topics(const std::string& regex, const GroupTopics& topics);

/// Resolves the group's expressions that are new, or were resolved with another picture of the
/// topics, and forgets those that no member has any more.
void refresh_regexes(ConsumerGroup& group, const GroupTopics& topics, Timestamp now);

/// What the member wants and there is.
std::set<std::string> wanted_topics(const ConsumerMember& member, const ConsumerGroup& group,
                                    const GroupTopics& topics);

/// A number that differs when the existing topics that the group wants do, or their partitions; 0
/// when there are none.
std::int64_t metadata_hash_of(const ConsumerGroup& group, const GroupTopics& topics);

}  // namespace millrace::broker
