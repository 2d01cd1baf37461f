#include "streams/runtime/streams_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace millrace::streams {
namespace {

using client::ClientKind;

constexpr std::string_view kOwnNames =
    "application.id, num.stream.threads, commit.interval.ms, poll.ms, "
    "deserialization.exception.handler, max.task.idle.ms, buffered.records.per.partition, "
    "repartition.purge.interval.ms, replication.factor";

Error wrong_value(std::string_view name, std::string_view wanted, std::string_view found) {
  return {ErrorCode::kInvalidArgument,
          fmt::format("property {}: wanted {}, found \"{}\"", name, wanted, found)};
}

struct Range {
  std::int64_t min;
  std::int64_t max;
};

Result<std::int64_t> read_integer(std::string_view name, std::string_view text, Range range) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < range.min ||
      value > range.max) {
    return wrong_value(name, fmt::format("an integer from {} to {}", range.min, range.max), text);
  }
  return value;
}

Result<DeserializationPolicy> read_policy(std::string_view name, std::string_view text) {
  // Kafka Streams names a class.
  if (text == "log-and-fail" || text.ends_with(".LogAndFailExceptionHandler")) {
    return DeserializationPolicy::kLogAndFail;
  }
  if (text == "log-and-continue" || text.ends_with(".LogAndContinueExceptionHandler")) {
    return DeserializationPolicy::kLogAndContinue;
  }
  return wrong_value(name, "log-and-fail or log-and-continue", text);
}

bool is_application_id(std::string_view text) {
  return !text.empty() && text.size() <= 200 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

/// Takes one of the engine's own properties; false when it is none.
Result<bool> take_own(std::string_view name, const std::string& value, StreamsConfig& config) {
  constexpr std::int64_t kDayMs = 86'400'000;
  if (name == "application.id") {
    if (!is_application_id(value)) {
      return wrong_value(name, "1 to 200 of letters, digits, '.', '_' and '-'", value);
    }
    config.application_id = value;
    return true;
  }
  if (name == "deserialization.exception.handler" ||
      name == "default.deserialization.exception.handler") {
    const auto policy = read_policy(name, value);
    if (!policy.ok()) return policy.error();
    config.on_bad_record = *policy;
    return true;
  }
  struct Integer {
    std::string_view name;
    Range range;
  };
  constexpr std::array kIntegers{Integer{"num.stream.threads", {1, 1024}},
                                 Integer{"commit.interval.ms", {0, kDayMs}},
                                 Integer{"poll.ms", {0, kDayMs}},
                                 Integer{"replication.factor", {-1, INT16_MAX}},
                                 Integer{"max.task.idle.ms", {-1, kDayMs}},
                                 Integer{"buffered.records.per.partition", {1, INT32_MAX}},
                                 Integer{"repartition.purge.interval.ms", {0, kDayMs}}};
  const auto found = std::find_if(kIntegers.begin(), kIntegers.end(),
                                  [&](const Integer& one) { return one.name == name; });
  if (found == kIntegers.end()) return false;
  const auto number = read_integer(name, value, found->range);
  if (!number.ok()) return number.error();
  if (name == "num.stream.threads") config.threads = static_cast<std::int32_t>(*number);
  if (name == "commit.interval.ms") config.commit_interval = Millis{*number};
  if (name == "poll.ms") config.poll_time = Millis{*number};
  if (name == "max.task.idle.ms") config.task_idle_max = Millis{std::max<std::int64_t>(*number, 0)};
  if (name == "repartition.purge.interval.ms") config.purge_interval = Millis{*number};
  if (name == "buffered.records.per.partition") {
    config.buffered_records_max = static_cast<std::size_t>(*number);
  }
  if (name == "replication.factor") config.replication_factor = static_cast<std::int16_t>(*number);
  return true;
}

bool knows(ClientKind kind, std::string_view name) {
  const auto definitions = client::property_definitions(kind);
  return std::any_of(definitions.begin(), definitions.end(),
                     [&](const client::PropertyDefinition& one) { return one.name == name; });
}

/// The property's name without the prefix that says for which clients it is meant.
std::optional<std::string_view> after_prefix(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  return name.substr(prefix.size());
}

/// Deals a client property to those who understand it.
Status deal(const std::string& name, const std::string& value, StreamsConfig& config) {
  struct Kind {
    ClientKind kind;
    std::string_view prefix;
    client::Properties* properties;
  };
  const std::array kinds{Kind{ClientKind::kConsumer, "consumer.", &config.consumer},
                         Kind{ClientKind::kProducer, "producer.", &config.producer},
                         Kind{ClientKind::kAdmin, "admin.", &config.admin}};
  bool is_known = false;
  for (const Kind& kind : kinds) {
    const auto specific = after_prefix(name, kind.prefix);
    if (specific) {
      kind.properties->set(std::string(*specific), value);
      is_known = true;
    } else if (knows(kind.kind, name)) {
      // A property with a prefix weighs more than one without.
      if (!kind.properties->contains(name) || name == "bootstrap.servers") {
        kind.properties->set(name, value);
      }
      is_known = true;
    }
  }
  if (is_known) return {};
  Status unknown = client::check_properties(ClientKind::kConsumer, {{name, value}});
  if (unknown.ok()) return {};
  return std::move(unknown).error().with_context(
      fmt::format("neither a property of streams ({}) nor of its clients", kOwnNames));
}

Status check_reserved(const StreamsConfig& config) {
  for (const std::string_view name : {"group.id", "enable.auto.commit"}) {
    if (!config.consumer.contains(name)) continue;
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("property {}: streams sets it itself; leave it out", name)};
  }
  for (const auto& [kind, properties] : {std::pair{ClientKind::kConsumer, &config.consumer},
                                         std::pair{ClientKind::kProducer, &config.producer},
                                         std::pair{ClientKind::kAdmin, &config.admin}}) {
    if (Status checked = client::check_properties(kind, *properties); !checked.ok()) {
      return checked;
    }
  }
  return {};
}

void set_default(client::Properties& properties, const std::string& name,
                 const std::string& value) {
  if (!properties.contains(name)) properties.set(name, value);
}

}  // namespace

Result<StreamsConfig> StreamsConfig::from(const client::Properties& properties) {
  StreamsConfig config;
  // Names with a prefix sort anywhere, so they are dealt first.
  for (const bool with_prefix : {true, false}) {
    for (const auto& [name, value] : properties.entries()) {
      const bool has_prefix = name.starts_with("consumer.") || name.starts_with("producer.") ||
                              name.starts_with("admin.");
      if (has_prefix != with_prefix) continue;
      const auto own = take_own(name, value, config);
      if (!own.ok()) return own.error();
      if (*own) continue;
      if (Status dealt = deal(name, value, config); !dealt.ok()) return std::move(dealt).error();
    }
  }
  if (config.application_id.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 "property application.id is missing: it names the consumer group and prefixes "
                 "internal topics"};
  }
  if (Status checked = check_reserved(config); !checked.ok()) return std::move(checked).error();
  set_default(config.consumer, "auto.offset.reset", "earliest");
  set_default(config.consumer, "max.poll.records", "1000");
  set_default(config.producer, "linger.ms", "100");
  return config;
}

}  // namespace millrace::streams
