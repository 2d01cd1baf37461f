#include "cli/config_changes.h"

#include <fmt/format.h>

#include <set>
#include <utility>

namespace millrace::cli {

namespace {

/// "topic orders", "broker 1", "all brokers".
std::string shown(const client::ConfigResource& resource) {
  switch (resource.kind) {
    case client::ConfigResourceKind::kTopic:
      return "topic " + resource.name;
    case client::ConfigResourceKind::kBroker:
      return resource.name.empty() ? "all brokers" : "broker " + resource.name;
    case client::ConfigResourceKind::kGroup:
      return "group " + resource.name;
    case client::ConfigResourceKind::kClientMetrics:
      return "client metrics " + resource.name;
  }
  return resource.name;
}

}  // namespace

void add_config_change_options(Command& command, ConfigChangeOptions& options) {
  command.option("-c,--config NAME=VALUE", options.set,
                 "A property to set, as name=value; may be repeated");
  command.option("--delete NAME", options.removed,
                 "A property that gets its default back; may be repeated");
  command.option("--append NAME=WORD", options.appended,
                 "Words to add to a property that is a list; may be repeated");
  command.option("--subtract NAME=WORD", options.subtracted,
                 "Words to take out of a property that is a list; may be repeated");
  command.flag("--validate-only", options.validate_only, "Say what would happen, change nothing");
}

Result<std::map<std::string, std::string>> parse_assignments(
    std::string_view option, const std::vector<std::string>& texts) {
  std::map<std::string, std::string> assignments;
  for (const auto& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("wanted {} name=value, found \"{}\"", option, text)};
    }
    assignments[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return assignments;
}

Result<std::vector<client::ConfigChange>> parse_config_changes(const ConfigChangeOptions& options) {
  using enum client::ConfigChange::Operation;
  std::vector<client::ConfigChange> changes;
  for (const auto& [option, texts, operation] :
       {std::tuple{"--config", &options.set, kSet},
        std::tuple{"--append", &options.appended, kAppend},
        std::tuple{"--subtract", &options.subtracted, kSubtract}}) {
    const auto assignments = parse_assignments(option, *texts);
    if (!assignments.ok()) return assignments.error();
    for (const auto& [name, value] : *assignments) changes.push_back({name, operation, value});
  }
  for (const auto& name : options.removed) changes.push_back({name, kDelete});
  if (changes.empty())
    return Error{
        ErrorCode::kInvalidArgument,
        "wanted a change, found none; set a property with --config name=value, or give one "
        "its default back with --delete name"};
  std::set<std::string_view> names;
  for (const auto& change : changes) {
    if (!names.insert(change.name).second)
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("wanted one change of {}, found more", change.name)};
  }
  return changes;
}

ExitCode alter_configs(const std::vector<client::ConfigResource>& resources,
                       const ConfigChangeOptions& options, const ClusterOptions& cluster,
                       Console& console, io::Env& env) {
  const auto changes = parse_config_changes(options);
  if (!changes.ok()) return report(console, changes.error());
  auto admin = connect_admin(cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  std::map<client::ConfigResource, std::vector<client::ConfigChange>> wanted;
  for (const auto& resource : resources) wanted.emplace(resource, *changes);
  const auto outcomes = admin->incremental_alter_configs(
      wanted,
      options.validate_only ? client::Admin::Validate::kOnly : client::Admin::Validate::kApply);
  if (!outcomes.ok()) return report(console, outcomes.error());
  for (const auto& [resource, outcome] : *outcomes) {
    if (outcome.ok())
      console.print("{} {}\n", options.validate_only ? "would alter" : "altered", shown(resource));
  }
  return report_outcomes(console, *outcomes);
}

}  // namespace millrace::cli
