// The limits and delays of the group coordinator, named after Kafka's broker properties.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace millrace::broker {

/// Which way a group may go from one protocol to the other while it has members.
enum class MigrationPolicy : std::uint8_t { kDisabled, kUpgrade, kDowngrade, kBidirectional };
/// As in group.consumer.migration.policy.
std::string_view migration_policy_name(MigrationPolicy policy);

/// How a member of a consumer group is heard.
struct ConsumerTimes {
  Millis session_timeout;
  Millis heartbeat_interval;

  bool operator==(const ConsumerTimes&) const = default;
};

struct GroupConfig {
  /// group.min.session.timeout.ms
  Millis session_timeout_min{6'000};
  /// group.max.session.timeout.ms
  Millis session_timeout_max{1'800'000};
  /// group.initial.rebalance.delay.ms. Kafka's default is 3 s, and 0 in its sample configuration.
  Millis initial_rebalance_delay{0};
  /// group.max.size
  std::int32_t group_size_max = INT32_MAX;
  /// group.consumer.session.timeout.ms
  Millis consumer_session_timeout{45'000};
  /// group.consumer.heartbeat.interval.ms
  Millis consumer_heartbeat_interval{5'000};
  /// What was set of single groups, by id: consumer.session.timeout.ms and
  /// consumer.heartbeat.interval.ms.
  std::map<std::string, ConsumerTimes, std::less<>> consumer_times = {};
  /// group.consumer.max.size
  std::int32_t consumer_group_size_max = INT32_MAX;
  /// group.consumer.assignors: the first one is for groups that ask for none. Never empty, and all
  /// are known to find_coordinator_assignor().
  std::vector<std::string> consumer_assignors{"uniform", "range"};
  /// group.consumer.migration.policy
  MigrationPolicy migration_policy = MigrationPolicy::kBidirectional;
  /// offset.metadata.max.bytes
  std::int32_t offset_metadata_bytes_max = 4096;
  /// offsets.retention.minutes
  Millis offsets_retention{std::chrono::minutes{7 * 24 * 60}};
  /// offsets.retention.check.interval.ms
  Millis offsets_retention_check_interval{600'000};

  ConsumerTimes times_of(std::string_view group) const {
    const auto found = consumer_times.find(group);
    return found == consumer_times.end()
               ? ConsumerTimes{consumer_session_timeout, consumer_heartbeat_interval}
               : found->second;
  }
};

}  // namespace millrace::broker
