// millrace topic create | list | describe | alter | add-partitions | delete | delete-records
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/cluster_access.h"
#include "cli/commands.h"
#include "cli/config_changes.h"
#include "cli/value.h"
#include "wire/error_codes.h"

namespace millrace::cli {
namespace {

struct TopicOptions {
  ClusterOptions cluster;
  std::vector<std::string> names;
  std::int64_t partitions = -1;
  std::int64_t total = 0;
  std::int64_t replication_factor = -1;
  std::vector<std::string> configs;
  ConfigChangeOptions changes;
  std::string before;
  std::optional<std::int64_t> partition;
  bool validate_only = false;
  bool if_not_exists = false;
  bool with_internal = false;
  std::string format = "text";
};
using SharedOptions = std::shared_ptr<TopicOptions>;

bool already_exists(const Status& status) {
  return !status.ok() && status.error().code == ErrorCode::kKafka &&
         wire::kafka_error_of(status.error()) == wire::KafkaError::kTopicAlreadyExists;
}

ExitCode create(const TopicOptions& options, Console& console, io::Env& env) {
  const auto configs = parse_assignments("--config", options.configs);
  if (!configs.ok()) return report(console, configs.error());
  std::vector<client::NewTopic> topics;
  for (const auto& name : options.names) {
    topics.push_back({.name = name,
                      .partitions = static_cast<std::int32_t>(options.partitions),
                      .replication_factor = static_cast<std::int16_t>(options.replication_factor),
                      .configs = *configs});
  }
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  const auto outcomes =
      admin->create_topics(topics, options.validate_only ? client::Admin::Validate::kOnly
                                                         : client::Admin::Validate::kApply);
  if (!outcomes.ok()) return report(console, outcomes.error());

  ExitCode code = ExitCode::kDone;
  for (const auto& [name, outcome] : *outcomes) {
    if (outcome.ok()) {
      console.print("{} {}\n", options.validate_only ? "would create" : "created", name);
    } else if (options.if_not_exists && already_exists(outcome)) {
      console.print("exists {}\n", name);
    } else {
      code = report(console, outcome.error());
    }
  }
  return code;
}

ExitCode alter(const TopicOptions& options, Console& console, io::Env& env) {
  std::vector<client::ConfigResource> resources;
  for (const auto& name : options.names)
    resources.push_back({client::ConfigResourceKind::kTopic, name});
  return alter_configs(resources, options.changes, options.cluster, console, env);
}

ExitCode add_partitions(const TopicOptions& options, Console& console, io::Env& env) {
  if (options.total == 0)
    return report(console, Error{ErrorCode::kInvalidArgument,
                                 "wanted --total N, how many partitions a topic has afterwards"});
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  const auto total = static_cast<std::int32_t>(options.total);
  std::map<std::string, client::NewPartitions> wanted;
  for (const auto& name : options.names) wanted.emplace(name, client::NewPartitions{total});
  const auto outcomes =
      admin->create_partitions(wanted, options.validate_only ? client::Admin::Validate::kOnly
                                                             : client::Admin::Validate::kApply);
  if (!outcomes.ok()) return report(console, outcomes.error());
  for (const auto& [name, outcome] : *outcomes) {
    if (outcome.ok())
      console.print("{} {} partitions\n", name,
                    fmt::format("{} {}", options.validate_only ? "would have" : "has", total));
  }
  return report_outcomes(console, *outcomes);
}

ExitCode remove(const TopicOptions& options, Console& console, io::Env& env) {
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  const auto outcomes = admin->delete_topics(options.names);
  if (!outcomes.ok()) return report(console, outcomes.error());
  for (const auto& [name, outcome] : *outcomes) {
    if (outcome.ok()) console.print("deleted {}\n", name);
  }
  return report_outcomes(console, *outcomes);
}

/// The first offset that stays: a number, or "end".
Result<Offset> parse_before(const std::string& text) {
  if (text == "end") return kNoOffset;
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc{} || stop != end || number < 0) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("wanted --before OFFSET or --before end, found \"{}\"", text)};
  }
  return Offset{number};
}

ExitCode delete_records(const TopicOptions& options, Console& console, io::Env& env) {
  const auto before = parse_before(options.before);
  if (!before.ok()) return report(console, before.error());
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  std::map<TopicPartition, Offset> wanted;
  const auto topics = admin->describe_topics(options.names);
  if (!topics.ok()) return report(console, topics.error());
  for (const auto& [name, topic] : *topics) {
    if (!topic.ok()) return report(console, topic.error());
    if (options.partition) {
      const PartitionId only{static_cast<std::int32_t>(*options.partition)};
      wanted.emplace(TopicPartition{name, only}, *before);
      continue;
    }
    for (const auto& each : topic->partitions) {
      wanted.emplace(TopicPartition{name, each.partition}, *before);
    }
  }
  const auto outcomes = admin->delete_records(wanted);
  if (!outcomes.ok()) return report(console, outcomes.error());
  ExitCode code = ExitCode::kDone;
  for (const auto& [partition, start] : *outcomes) {
    if (start.ok()) {
      console.print("{} begins at {}\n", partition, *start);
    } else {
      code = report(console, start.error());
    }
  }
  return code;
}

ExitCode list(const TopicOptions& options, Console& console, io::Env& env) {
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  const auto topics = admin->list_topics();
  if (!topics.ok()) return report(console, topics.error());

  Value::List rows;
  for (const auto& topic : *topics) {
    if (topic.is_internal && !options.with_internal) continue;
    rows.emplace_back(Value::Object{{"name", topic.name},
                                    {"partitions", topic.partition_count},
                                    {"id", topic.id.to_base64(), Detail::kWide},
                                    {"internal", topic.is_internal, Detail::kWide}});
  }
  if (rows.empty()) console.note("no topics\n");
  console.print_rendered(render(rows, format_named(options.format)));
  return ExitCode::kDone;
}

Value ids(const std::vector<BrokerId>& brokers) {
  Value::List list;
  for (const BrokerId id : brokers) list.emplace_back(id.value());
  return list;
}

using ListedOffsets = std::map<TopicPartition, client::ListedOffset>;

/// Where the partitions of the topic begin or end; those without a leader are left out.
/// errors  of the first partition whose leader does not say
Result<ListedOffsets> offsets_at(client::Admin& admin, const client::TopicDescription& topic,
                                 client::OffsetSpec spec) {
  std::map<TopicPartition, client::OffsetSpec> asked;
  for (const auto& partition : topic.partitions) {
    if (partition.leader.value() < 0) continue;
    asked.emplace(TopicPartition{topic.name, partition.partition}, spec);
  }
  ListedOffsets found;
  if (asked.empty()) return found;
  const auto outcomes = admin.list_offsets(asked);
  if (!outcomes.ok()) return outcomes.error();
  for (const auto& [partition, outcome] : *outcomes) {
    if (!outcome.ok()) return outcome.error();
    found.emplace(partition, *outcome);
  }
  return found;
}

Value listed_value(const ListedOffsets& offsets, const TopicPartition& partition) {
  const auto found = offsets.find(partition);
  return found == offsets.end() ? Value() : Value(found->second.offset.value());
}

Result<Value::List> partition_rows(client::Admin& admin, const client::TopicDescription& topic) {
  const auto starts = offsets_at(admin, topic, client::OffsetSpec::earliest());
  if (!starts.ok()) return starts.error();
  const auto ends = offsets_at(admin, topic, client::OffsetSpec::latest());
  if (!ends.ok()) return ends.error();
  Value::List rows;
  for (const auto& partition : topic.partitions) {
    const TopicPartition key{topic.name, partition.partition};
    rows.emplace_back(Value::Object{{"partition", partition.partition.value()},
                                    {"leader", partition.leader.value()},
                                    {"epoch", partition.leader_epoch.value(), Detail::kWide},
                                    {"replicas", ids(partition.replicas)},
                                    {"in_sync", ids(partition.in_sync_replicas)},
                                    {"start", listed_value(*starts, key)},
                                    {"end", listed_value(*ends, key)}});
  }
  return rows;
}

Value::List config_rows(client::Admin& admin, const std::string& topic) {
  Value::List rows;
  const auto outcomes =
      admin.describe_configs({{.kind = client::ConfigResourceKind::kTopic, .name = topic}});
  if (!outcomes.ok() || outcomes->empty() || !outcomes->begin()->second.ok()) return rows;
  for (const auto& entry : *outcomes->begin()->second) {
    rows.emplace_back(Value::Object{
        {"config", entry.name}, {"value", entry.value}, {"default", entry.is_default}});
  }
  return rows;
}

ExitCode describe(const TopicOptions& options, Console& console, io::Env& env) {
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  const auto outcomes = admin->describe_topics(options.names);
  if (!outcomes.ok()) return report(console, outcomes.error());

  ExitCode code = ExitCode::kDone;
  Value::List topics;
  for (const auto& [name, outcome] : *outcomes) {
    if (!outcome.ok()) {
      code = report(console, outcome.error());
      continue;
    }
    auto partitions = partition_rows(*admin, *outcome);
    if (!partitions.ok()) {
      code = report(console, partitions.error());
      continue;
    }
    topics.emplace_back(Value::Object{{"name", name},
                                      {"id", outcome->id.to_base64()},
                                      {"internal", outcome->is_internal, Detail::kWide},
                                      {"partitions", std::move(partitions).value()},
                                      {"configs", config_rows(*admin, name)}});
  }
  if (!topics.empty()) console.print_rendered(render(topics, format_named(options.format)));
  return code;
}

using Run = ExitCode (*)(const TopicOptions&, Console&, io::Env&);

Command add(Command& topic, const SharedOptions& options, io::Env& env, Run run,
            const char* const (&texts)[3]) {
  Command command = topic.add_command(texts[0], texts[1], texts[2]);
  command.action([options, &env, run](Console& console) { return run(*options, console, env); });
  add_cluster_options(command, options->cluster);
  return command;
}

}  // namespace

void add_topic(Command root, io::Env& env) {
  Command topic = root.add_command(
      "topic", "Create, list, describe, alter and delete topics, and delete their records",
      "millrace topic list");
  const auto options = std::make_shared<TopicOptions>();

  Command creating = add(topic, options, env, create,
                         {"create", "Create topics",
                          "millrace topic create clicks --partitions 4 --config retention.ms=-1"});
  creating.arguments("TOPIC", options->names, "Names of the topics");
  creating.option("-p,--partitions", options->partitions, "Partitions; -1 is the broker's default",
                  -1, 100'000);
  creating.option("-r,--replication-factor", options->replication_factor,
                  "Replicas of each partition; -1 is the broker's default", -1, 100);
  creating.option("-c,--config NAME=VALUE", options->configs,
                  "A property of the topics, as name=value; may be repeated");
  creating.explain(&help_on_topic_properties);
  creating.flag("--validate-only", options->validate_only, "Say what would happen, change nothing");
  creating.flag("--if-not-exists", options->if_not_exists, "A topic that is there is no failure");

  Command listing =
      add(topic, options, env, list, {"list", "List topics", "millrace topic list --format wide"});
  listing.flag("--internal", options->with_internal, "Also those the cluster keeps for itself");
  listing.choice("-f,--format", options->format, format_names(), "How to write it");

  Command describing = add(topic, options, env, describe,
                           {"describe", "Show partitions, offsets and configuration of topics",
                            "millrace topic describe clicks --format yaml"});
  describing.arguments("TOPIC", options->names, "Names of the topics");
  describing.choice("-f,--format", options->format, format_names(), "How to write it");

  Command altering =
      add(topic, options, env, alter,
          {"alter", "Change properties of topics, at once and for good",
           "millrace topic alter clicks -c retention.ms=86400000 --delete segment.ms"});
  altering.arguments("TOPIC", options->names, "Names of the topics");
  add_config_change_options(altering, options->changes);
  altering.explain(&help_on_topic_properties);

  Command growing = add(
      topic, options, env, add_partitions,
      {"add-partitions", "Give topics more partitions; keys go to other partitions from then on",
       "millrace topic add-partitions clicks --total 8"});
  growing.arguments("TOPIC", options->names, "Names of the topics");
  growing.option("--total", options->total, "How many partitions a topic has afterwards", 1,
                 100'000);
  growing.flag("--validate-only", options->validate_only, "Say what would happen, change nothing");

  Command deleting =
      add(topic, options, env, remove,
          {"delete", "Delete topics and all their records", "millrace topic delete clicks"});
  deleting.arguments("TOPIC", options->names, "Names of the topics");

  Command emptying = add(topic, options, env, delete_records,
                         {"delete-records", "Delete the records before an offset, for good",
                          "millrace topic delete-records clicks --before end"});
  emptying.arguments("TOPIC", options->names, "Names of the topics");
  emptying.option("--before OFFSET", options->before,
                  "The first offset that stays, or \"end\" to delete all records");
  emptying.option("-p,--partition", options->partition, "Only this partition; without it all", 0,
                  INT32_MAX);
}

}  // namespace millrace::cli
