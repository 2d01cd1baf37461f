#include "broker/properties/topic_property.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/check.h"
#include "base/edit_distance.h"
#include "broker/properties/property_value.h"
#include "wire/compression.h"

namespace millrace::broker {

namespace {

constexpr std::string_view kLongMax = "9223372036854775807";
constexpr std::int64_t kNoMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kNoMax = std::numeric_limits<std::int64_t>::max();

// Whoever honours most of them.
constexpr std::string_view kAppender = "the log's appender";
constexpr std::string_view kRetention = "the retention sweep";
constexpr std::string_view kSegments = "the log, when it rolls a segment";

constexpr std::string_view kCleaner = "the log cleaner";
constexpr std::string_view kNoTiers = "there is no tiered storage";
constexpr std::string_view kOneReplica = "each partition has one replica";
constexpr std::string_view kFsync = "--fsync of the broker decides when a log is flushed";

void set_cleanup_policy(LogConfig& config, std::string_view value) {
  config.cleanup_policy_delete = has_word(value, ',', "delete");
  config.cleanup_policy_compact = has_word(value, ',', "compact");
}

void set_compression_type(LogConfig& config, std::string_view value) {
  config.compression.reset();
  if (value == "producer") return;
  // Kafka has a name of its own here for what is not compressed.
  const auto codec = wire::parse_compression(value == "uncompressed" ? "none" : value);
  CHECK(codec.ok(), "{} was checked", value);
  config.compression = *codec;
}

void set_timestamp_type(LogConfig& config, std::string_view value) {
  config.message_timestamp_type = value == "CreateTime" ? wire::TimestampType::kCreateTime
                                                        : wire::TimestampType::kLogAppendTime;
}

using enum PropertyType;
using enum Effect;

// Ranges are Kafka's, but for segment.bytes, where Kafka 4 wants 1 MiB and tests want less.
// clang-format off
constexpr std::array kTopicRows{
    TopicProperty{{"cleanup.policy", kList, "delete", "What happens to old segments: delete drops them by age and size, compact keeps the last value of each key.", kWorks, "the retention sweep and the log cleaner", "log.cleanup.policy", kNoMin, kNoMax, "delete|compact"}, &set_cleanup_policy},
    TopicProperty{{"compression.gzip.level", kInt, "-1", "Level used when compression.type is gzip.", kWorks, kAppender, "compression.gzip.level", -1, 9}, &LogConfig::compression_gzip_level},
    TopicProperty{{"compression.lz4.level", kInt, "9", "Level used when compression.type is lz4.", kWorks, kAppender, "compression.lz4.level", 1, 17}, &LogConfig::compression_lz4_level},
    TopicProperty{{"compression.type", kString, "producer", "The codec batches are kept in; producer keeps what was sent.", kWorks, kAppender, "compression.type", kNoMin, kNoMax, "uncompressed|zstd|lz4|snappy|gzip|producer"}, &set_compression_type},
    TopicProperty{{"compression.zstd.level", kInt, "3", "Level used when compression.type is zstd.", kWorks, kAppender, "compression.zstd.level", -131072, 22}, &LogConfig::compression_zstd_level},
    TopicProperty{{"delete.retention.ms", kLong, "86400000", "How long a compacted topic keeps the marker of a deleted key, at least.", kWorks, kCleaner, "log.cleaner.delete.retention.ms", 0}, &LogConfig::delete_retention_ms},
    TopicProperty{{"file.delete.delay.ms", kLong, "60000", "How long a file stays on disk after it was given up.", kWorks, "housekeeping", "log.segment.delete.delay.ms", 0}, &LogConfig::file_delete_delay_ms},
    TopicProperty{{"flush.messages", kLong, kLongMax, "Records after which the log is flushed to disk.", kRefused, kFsync, "log.flush.interval.messages", 1}, &LogConfig::flush_messages},
    TopicProperty{{"flush.ms", kLong, kLongMax, "Milliseconds after which the log is flushed to disk.", kRefused, kFsync, "log.flush.interval.ms", 0}, &LogConfig::flush_ms},
    TopicProperty{{"follower.replication.throttled.replicas", kList, "", "Replicas whose follower traffic is throttled.", kHolds, kOneReplica}, {}},
    TopicProperty{{"index.interval.bytes", kInt, "4096", "Bytes of log between two entries of the offset index.", kWorks, "the segment, when it is appended to", "log.index.interval.bytes", 0}, &LogConfig::index_interval_bytes},
    TopicProperty{{"leader.replication.throttled.replicas", kList, "", "Replicas whose leader traffic is throttled.", kHolds, kOneReplica}, {}},
    TopicProperty{{"local.retention.bytes", kLong, "-2", "Local bytes kept of a tiered partition; -2 takes retention.bytes.", kRefused, kNoTiers, "log.local.retention.bytes", -2}, {}},
    TopicProperty{{"local.retention.ms", kLong, "-2", "Local age kept of a tiered partition; -2 takes retention.ms.", kRefused, kNoTiers, "log.local.retention.ms", -2}, {}},
    TopicProperty{{"max.compaction.lag.ms", kLong, kLongMax, "The longest a record may stay out of compaction.", kWorks, "the log cleaner, and the log, when it rolls a segment", "log.cleaner.max.compaction.lag.ms", 1}, &LogConfig::max_compaction_lag_ms},
    TopicProperty{{"max.message.bytes", kInt, "1048588", "The largest record batch accepted, after compression.", kWorks, kAppender, "message.max.bytes", 0}, &LogConfig::max_message_bytes},
    TopicProperty{{"message.timestamp.after.max.ms", kLong, "3600000", "How far ahead of the broker's clock a record's time may be.", kWorks, kAppender, "log.message.timestamp.after.max.ms", 0}, &LogConfig::message_timestamp_after_max_ms},
    TopicProperty{{"message.timestamp.before.max.ms", kLong, kLongMax, "How far behind the broker's clock a record's time may be.", kWorks, kAppender, "log.message.timestamp.before.max.ms", 0}, &LogConfig::message_timestamp_before_max_ms},
    TopicProperty{{"message.timestamp.type", kString, "CreateTime", "Whose clock stamps a record: the producer's or the broker's.", kWorks, kAppender, "log.message.timestamp.type", kNoMin, kNoMax, "CreateTime|LogAppendTime"}, &set_timestamp_type},
    TopicProperty{{"min.cleanable.dirty.ratio", kDouble, "0.5", "The share of uncompacted bytes at which compaction starts.", kWorks, kCleaner, "log.cleaner.min.cleanable.ratio", 0, 1}, &LogConfig::min_cleanable_dirty_ratio},
    TopicProperty{{"min.compaction.lag.ms", kLong, "0", "The shortest a record stays out of compaction.", kWorks, kCleaner, "log.cleaner.min.compaction.lag.ms", 0}, &LogConfig::min_compaction_lag_ms},
    TopicProperty{{"min.insync.replicas", kInt, "1", "Replicas that must hold a write sent with acks=all.", kWorks, "Produce, which refuses acks=all when more than 1 is asked for", "min.insync.replicas", 1}, &LogConfig::min_insync_replicas},
    TopicProperty{{"preallocate", kBoolean, "false", "Whether a new segment takes its disk space at once.", kRefused, "files grow as they are written", "log.preallocate"}, &LogConfig::preallocate},
    TopicProperty{{"remote.log.copy.disable", kBoolean, "false", "Whether tiered data becomes read-only.", kRefused, kNoTiers}, {}},
    TopicProperty{{"remote.log.delete.on.disable", kBoolean, "false", "Whether tiered data is deleted when tiering is turned off.", kRefused, kNoTiers}, {}},
    TopicProperty{{"remote.storage.enable", kBoolean, "false", "Whether segments move to tiered storage.", kRefused, kNoTiers}, {}},
    TopicProperty{{"retention.bytes", kLong, "-1", "Bytes of a partition to keep; -1 keeps all.", kWorks, kRetention, "log.retention.bytes", -1}, &LogConfig::retention_bytes},
    TopicProperty{{"retention.ms", kLong, "604800000", "Age of records to keep; -1 keeps them for ever.", kWorks, kRetention, "log.retention.ms", -1}, &LogConfig::retention_ms},
    TopicProperty{{"segment.bytes", kInt, "1073741824", "The size at which a segment is closed and a new one begun.", kWorks, kSegments, "log.segment.bytes", 14}, &LogConfig::segment_bytes},
    TopicProperty{{"segment.index.bytes", kInt, "10485760", "The size of a full offset index.", kWorks, kSegments, "log.index.size.max.bytes", 4}, &LogConfig::segment_index_bytes},
    TopicProperty{{"segment.jitter.ms", kLong, "0", "Random time taken off segment.ms, so that not all logs roll at once.", kRefused, "segments roll at segment.ms", "log.roll.jitter.ms", 0}, &LogConfig::segment_jitter_ms},
    TopicProperty{{"segment.ms", kLong, "604800000", "The age at which a segment is closed even when it is not full.", kWorks, kSegments, "log.roll.ms", 1}, &LogConfig::segment_ms},
    TopicProperty{{"unclean.leader.election.enable", kBoolean, "false", "Whether a replica that lags may become leader.", kHolds, kOneReplica, "unclean.leader.election.enable"}, &LogConfig::unclean_leader_election_enable},
};
// clang-format on

Error unknown(std::string_view name) {
  std::vector<std::string_view> names;
  for (const TopicProperty& row : kTopicRows) names.push_back(row.about.name);
  const auto meant = probably_meant(name, names);
  return Error{ErrorCode::kInvalidArgument,
               fmt::format("there is no topic property '{}'{}", name,
                           meant ? fmt::format(": did you mean '{}'?", *meant) : "")};
}

/// Puts a value that was checked where the log keeps it.
struct Setter {
  LogConfig& config;
  std::string_view value;

  void operator()(std::monostate) const {}
  void operator()(std::int64_t LogConfig::*member) const {
    std::from_chars(value.data(), value.data() + value.size(), config.*member);
  }
  void operator()(double LogConfig::*member) const {
    config.*member = std::strtod(std::string(value).c_str(), nullptr);
  }
  void operator()(bool LogConfig::*member) const { config.*member = value == "true"; }
  void operator()(void (*set)(LogConfig&, std::string_view)) const { set(config, value); }
};

}  // namespace

std::span<const TopicProperty> topic_property_rows() {
  return kTopicRows;
}

const TopicProperty* find_topic_property(std::string_view name) {
  const auto* const found = std::lower_bound(
      kTopicRows.begin(), kTopicRows.end(), name,
      [](const auto& each, std::string_view wanted) { return each.about.name < wanted; });
  return found != kTopicRows.end() && found->about.name == name ? found : nullptr;
}

Status check_topic_property(std::string_view name, std::string_view value) {
  const TopicProperty* const property = find_topic_property(name);
  return property == nullptr ? unknown(name) : check_property_value(property->about, value);
}

Status admit_topic_property(std::string_view name, std::string_view value) {
  if (auto status = check_topic_property(name, value); !status.ok()) return status;
  const Property& property = find_topic_property(name)->about;
  if (property.effect != kRefused || value == property.default_value) return {};
  return Error{ErrorCode::kInvalidArgument,
               fmt::format("{}={} would do nothing here: {}; leave it at {}", name, value,
                           property.reason, property.default_value)};
}

Status set_topic_property(LogConfig& config, std::string_view name, std::string_view value) {
  if (auto status = check_topic_property(name, value); !status.ok()) return status;
  std::visit(Setter{config, value}, find_topic_property(name)->setting);
  return {};
}

std::vector<Property> topic_properties() {
  std::vector<Property> properties;
  for (const TopicProperty& row : kTopicRows) properties.push_back(row.about);
  return properties;
}

}  // namespace millrace::broker
