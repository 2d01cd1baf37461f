// millrace config list | describe | alter
#include <memory>
#include <string>
#include <vector>

#include "cli/cluster_access.h"
#include "cli/commands.h"
#include "cli/config_changes.h"
#include "cli/value.h"
#include "client/config_descriptions.h"

namespace millrace::cli {
namespace {

struct ConfigOptions {
  ClusterOptions cluster;
  std::vector<std::string> topics;
  std::vector<std::string> brokers;
  std::vector<std::string> groups;
  bool all_brokers = false;
  ConfigChangeOptions changes;
  bool set_only = false;
  std::string format = "text";
};

void add_resource_options(Command& command, ConfigOptions& options) {
  command.option("-t,--topic NAME", options.topics, "A topic; may be repeated");
  command.option("--broker ID", options.brokers, "A broker, by its id; may be repeated");
  command.option("-g,--group ID", options.groups, "A consumer group; may be repeated");
  command.flag("--all-brokers", options.all_brokers,
               "What is set for all brokers, where one says nothing else itself");
}

/// errors  kInvalidArgument when none is named
Result<std::vector<client::ConfigResource>> named_resources(const ConfigOptions& options) {
  using Kind = client::ConfigResourceKind;
  std::vector<client::ConfigResource> resources;
  for (const auto& name : options.topics) resources.push_back({Kind::kTopic, name});
  for (const auto& name : options.brokers) resources.push_back({Kind::kBroker, name});
  for (const auto& name : options.groups) resources.push_back({Kind::kGroup, name});
  if (options.all_brokers) resources.push_back({Kind::kBroker, ""});
  if (resources.empty())
    return Error{ErrorCode::kInvalidArgument,
                 "wanted --topic NAME, --broker ID, --group ID or --all-brokers, found none"};
  return resources;
}

Value::Object row_of(const client::ConfigEntry& entry) {
  Value::List synonyms;
  for (const auto& each : entry.synonyms)
    synonyms.emplace_back(fmt::format("{}:{}={}", client::config_source_name(each.source),
                                      each.name, each.value.value_or("null")));
  return {{"config", entry.name},
          {"value", entry.value},
          {"source", client::config_source_name(entry.source)},
          {"type", client::config_type_name(entry.type), Detail::kWide},
          {"read_only", entry.is_read_only, Detail::kWide},
          {"synonyms", std::move(synonyms), Detail::kWide},
          {"documentation", entry.documentation, Detail::kWide}};
}

ExitCode describe_configs(const ConfigOptions& options, Console& console, io::Env& env) {
  const auto resources = named_resources(options);
  if (!resources.ok()) return report(console, resources.error());
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  const auto outcomes = admin->describe_configs(*resources, client::ConfigDetail::kAll);
  if (!outcomes.ok()) return report(console, outcomes.error());

  ExitCode code = ExitCode::kDone;
  Value::List rows;
  for (const auto& [resource, outcome] : *outcomes) {
    if (!outcome.ok()) {
      code = report(console, outcome.error());
      continue;
    }
    for (const auto& entry : *outcome) {
      if (options.set_only &&
          (entry.is_default || entry.source == client::ConfigSource::kStaticBroker))
        continue;
      Value::Object row = row_of(entry);
      if (outcomes->size() > 1) row.insert(row.begin(), {"of", resource.name});
      rows.emplace_back(std::move(row));
    }
  }
  if (rows.empty() && code == ExitCode::kDone) console.note("nothing is set\n");
  console.print_rendered(render(rows, format_named(options.format)));
  return code;
}

std::string_view kind_name(client::ConfigResourceKind kind) {
  switch (kind) {
    case client::ConfigResourceKind::kTopic:
      return "topic";
    case client::ConfigResourceKind::kBroker:
      return "broker";
    case client::ConfigResourceKind::kClientMetrics:
      return "client metrics";
    case client::ConfigResourceKind::kGroup:
      return "group";
  }
  return "loggers of broker";
}

ExitCode list_resources(const ConfigOptions& options, Console& console, io::Env& env) {
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  const auto resources = admin->list_config_resources();
  if (!resources.ok()) return report(console, resources.error());
  Value::List rows;
  for (const auto& each : *resources)
    rows.emplace_back(Value::Object{{"kind", kind_name(each.kind)}, {"name", each.name}});
  console.print_rendered(render(rows, format_named(options.format)));
  return ExitCode::kDone;
}

}  // namespace

void add_config(Command root, io::Env& env) {
  Command config =
      root.add_command("config", "Show and change properties of topics, brokers and groups",
                       "millrace config describe --topic clicks");
  const auto options = std::make_shared<ConfigOptions>();

  Command listing = config.add_command("list", "Name what has properties", "millrace config list");
  add_cluster_options(listing, options->cluster);
  listing.choice("-f,--format", options->format, format_names(), "How to write it");
  listing.action(
      [options, &env](Console& console) { return list_resources(*options, console, env); });

  Command describing =
      config.add_command("describe", "Show properties, and who set them",
                         "millrace config describe --broker 1 --set-only --format wide");
  add_cluster_options(describing, options->cluster);
  add_resource_options(describing, *options);
  describing.flag("--set-only", options->set_only,
                  "Only what was set while the cluster ran, not defaults and configuration files");
  describing.choice("-f,--format", options->format, format_names(), "How to write it");
  describing.action(
      [options, &env](Console& console) { return describe_configs(*options, console, env); });

  Command altering =
      config.add_command("alter", "Change properties, at once and for good",
                         "millrace config alter --topic clicks -c retention.ms=86400000");
  add_cluster_options(altering, options->cluster);
  add_resource_options(altering, *options);
  add_config_change_options(altering, options->changes);
  altering.action([options, &env](Console& console) {
    const auto resources = named_resources(*options);
    if (!resources.ok()) return report(console, resources.error());
    return alter_configs(*resources, options->changes, options->cluster, console, env);
  });
}

}  // namespace millrace::cli
