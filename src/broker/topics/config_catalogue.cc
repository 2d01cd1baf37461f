#include "broker/topics/config_catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <string>

namespace millrace::broker {

namespace {

constexpr std::string_view kLongMax = "9223372036854775807";
constexpr std::int64_t kNoMin = std::numeric_limits<std::int64_t>::min();

constexpr std::array kDefinitions{
    TopicConfigDefinition{"cleanup.policy", ConfigType::kList, "delete", "log.cleanup.policy",
                          "What happens to old segments: delete drops them by age and size, "
                          "compact keeps the last value of each key.",
                          kNoMin, "delete|compact"},
    TopicConfigDefinition{"compression.gzip.level", ConfigType::kInt, "-1",
                          "compression.gzip.level", "Level used when compression.type is gzip.",
                          -1},
    TopicConfigDefinition{"compression.lz4.level", ConfigType::kInt, "9", "compression.lz4.level",
                          "Level used when compression.type is lz4.", 1},
    TopicConfigDefinition{"compression.type", ConfigType::kString, "producer", "compression.type",
                          "The codec batches are kept in; producer keeps what was sent.", kNoMin,
                          "uncompressed|zstd|lz4|snappy|gzip|producer"},
    TopicConfigDefinition{"compression.zstd.level", ConfigType::kInt, "3", "compression.zstd.level",
                          "Level used when compression.type is zstd.", -131072},
    TopicConfigDefinition{"delete.retention.ms", ConfigType::kLong, "86400000",
                          "log.cleaner.delete.retention.ms",
                          "How long a compacted topic keeps the marker of a deleted key.", 0},
    TopicConfigDefinition{"file.delete.delay.ms", ConfigType::kLong, "60000",
                          "log.segment.delete.delay.ms",
                          "How long a file stays on disk after it was given up.", 0},
    TopicConfigDefinition{"flush.messages", ConfigType::kLong, kLongMax,
                          "log.flush.interval.messages",
                          "Records after which the log is flushed to disk.", 1},
    TopicConfigDefinition{"flush.ms", ConfigType::kLong, kLongMax, "log.flush.interval.ms",
                          "Milliseconds after which the log is flushed to disk.", 0},
    TopicConfigDefinition{"follower.replication.throttled.replicas", ConfigType::kList, "", "",
                          "Replicas whose follower traffic is throttled."},
    TopicConfigDefinition{"index.interval.bytes", ConfigType::kInt, "4096",
                          "log.index.interval.bytes",
                          "Bytes of log between two entries of the offset index.", 0},
    TopicConfigDefinition{"leader.replication.throttled.replicas", ConfigType::kList, "", "",
                          "Replicas whose leader traffic is throttled."},
    TopicConfigDefinition{"local.retention.bytes", ConfigType::kLong, "-2",
                          "log.local.retention.bytes",
                          "Local bytes kept of a tiered partition; -2 takes retention.bytes.", -2},
    TopicConfigDefinition{"local.retention.ms", ConfigType::kLong, "-2", "log.local.retention.ms",
                          "Local age kept of a tiered partition; -2 takes retention.ms.", -2},
    TopicConfigDefinition{"max.compaction.lag.ms", ConfigType::kLong, kLongMax,
                          "log.cleaner.max.compaction.lag.ms",
                          "The longest a record may stay out of compaction.", 1},
    TopicConfigDefinition{"max.message.bytes", ConfigType::kInt, "1048588", "message.max.bytes",
                          "The largest record batch accepted, after compression.", 0},
    TopicConfigDefinition{"message.timestamp.after.max.ms", ConfigType::kLong, "3600000",
                          "log.message.timestamp.after.max.ms",
                          "How far ahead of the broker's clock a record's time may be.", 0},
    TopicConfigDefinition{"message.timestamp.before.max.ms", ConfigType::kLong, kLongMax,
                          "log.message.timestamp.before.max.ms",
                          "How far behind the broker's clock a record's time may be.", 0},
    TopicConfigDefinition{"message.timestamp.type", ConfigType::kString, "CreateTime",
                          "log.message.timestamp.type",
                          "Whose clock stamps a record: the producer's or the broker's.", kNoMin,
                          "CreateTime|LogAppendTime"},
    TopicConfigDefinition{"min.cleanable.dirty.ratio", ConfigType::kDouble, "0.5",
                          "log.cleaner.min.cleanable.ratio",
                          "The share of uncompacted bytes at which compaction starts."},
    TopicConfigDefinition{"min.compaction.lag.ms", ConfigType::kLong, "0",
                          "log.cleaner.min.compaction.lag.ms",
                          "The shortest a record stays out of compaction.", 0},
    TopicConfigDefinition{"min.insync.replicas", ConfigType::kInt, "1", "min.insync.replicas",
                          "Replicas that must hold a write sent with acks=all.", 1},
    TopicConfigDefinition{"preallocate", ConfigType::kBoolean, "false", "log.preallocate",
                          "Whether a new segment takes its disk space at once."},
    TopicConfigDefinition{"remote.log.copy.disable", ConfigType::kBoolean, "false", "",
                          "Whether tiered data becomes read-only."},
    TopicConfigDefinition{"remote.log.delete.on.disable", ConfigType::kBoolean, "false", "",
                          "Whether tiered data is deleted when tiering is turned off."},
    TopicConfigDefinition{"remote.storage.enable", ConfigType::kBoolean, "false", "",
                          "Whether segments move to tiered storage. Not available here."},
    TopicConfigDefinition{"retention.bytes", ConfigType::kLong, "-1", "log.retention.bytes",
                          "Bytes of a partition to keep; -1 keeps all."},
    TopicConfigDefinition{"retention.ms", ConfigType::kLong, "604800000", "log.retention.ms",
                          "Age of records to keep; -1 keeps them for ever.", -1},
    TopicConfigDefinition{"segment.bytes", ConfigType::kInt, "1073741824", "log.segment.bytes",
                          "The size at which a segment is closed and a new one begun.", 14},
    TopicConfigDefinition{"segment.index.bytes", ConfigType::kInt, "10485760",
                          "log.index.size.max.bytes", "The size of a full offset index.", 4},
    TopicConfigDefinition{"segment.jitter.ms", ConfigType::kLong, "0", "log.roll.jitter.ms",
                          "Random time taken off segment.ms, so that not all logs roll at once.",
                          0},
    TopicConfigDefinition{"segment.ms", ConfigType::kLong, "604800000", "log.roll.ms",
                          "The age at which a segment is closed even when it is not full.", 1},
    TopicConfigDefinition{"unclean.leader.election.enable", ConfigType::kBoolean, "false",
                          "unclean.leader.election.enable",
                          "Whether a replica that lags may become leader."},
};

bool is_one_of(std::string_view choices, std::string_view word) {
  while (!choices.empty()) {
    const std::size_t bar = choices.find('|');
    if (choices.substr(0, bar) == word) return true;
    if (bar == std::string_view::npos) return false;
    choices.remove_prefix(bar + 1);
  }
  return false;
}

Error unwanted(const TopicConfigDefinition& definition, std::string_view value,
               std::string_view wanted) {
  return Error{ErrorCode::kInvalidArgument, fmt::format("configuration {}: wanted {}, found '{}'",
                                                        definition.name, wanted, value)};
}

Status check_number(const TopicConfigDefinition& definition, std::string_view value) {
  std::int64_t number = 0;
  const char* const end = value.data() + value.size();
  const auto [stop, failure] = std::from_chars(value.data(), end, number);
  if (failure != std::errc{} || stop != end) return unwanted(definition, value, "a number");

  const bool is_int = definition.type == ConfigType::kInt;
  if (is_int && (number > INT32_MAX || number < INT32_MIN))
    return unwanted(definition, value, "a 32-bit number");
  if (number < definition.min)
    return unwanted(definition, value, fmt::format("at least {}", definition.min));
  return {};
}

Status check_ratio(const TopicConfigDefinition& definition, std::string_view value) {
  const std::string text(value);
  char* end = nullptr;
  const double ratio = std::strtod(text.c_str(), &end);
  const bool is_ratio = !text.empty() && *end == '\0' && ratio >= 0.0 && ratio <= 1.0;
  if (!is_ratio) return unwanted(definition, value, "a number from 0 to 1");
  return {};
}

Status check_words(const TopicConfigDefinition& definition, std::string_view value) {
  if (definition.choices.empty()) return {};
  std::string_view rest = value;
  for (;;) {
    const std::size_t comma =
        definition.type == ConfigType::kList ? rest.find(',') : std::string_view::npos;
    std::string_view word = rest.substr(0, comma);
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    if (!is_one_of(definition.choices, word))
      return unwanted(definition, value, fmt::format("one of {}", definition.choices));
    if (comma == std::string_view::npos) return {};
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace

std::span<const TopicConfigDefinition> topic_config_definitions() {
  return kDefinitions;
}

const TopicConfigDefinition* find_topic_config(std::string_view name) {
  const auto* const found = std::lower_bound(
      kDefinitions.begin(), kDefinitions.end(), name,
      [](const auto& each, std::string_view wanted) { return each.name < wanted; });
  return found != kDefinitions.end() && found->name == name ? found : nullptr;
}

Status check_topic_config(std::string_view name, std::string_view value) {
  const TopicConfigDefinition* const definition = find_topic_config(name);
  if (definition == nullptr)
    return Error{ErrorCode::kInvalidArgument, fmt::format("Unknown topic config name: {}", name)};
  switch (definition->type) {
    case ConfigType::kBoolean:
      if (value != "true" && value != "false") return unwanted(*definition, value, "true or false");
      return {};
    case ConfigType::kInt:
    case ConfigType::kShort:
    case ConfigType::kLong:
      return check_number(*definition, value);
    case ConfigType::kDouble:
      return check_ratio(*definition, value);
    case ConfigType::kString:
    case ConfigType::kList:
    case ConfigType::kClass:
    case ConfigType::kPassword:
      return check_words(*definition, value);
  }
  return {};
}

}  // namespace millrace::broker
