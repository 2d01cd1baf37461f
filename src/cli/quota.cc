// millrace quota describe | alter
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/cluster_access.h"
#include "cli/commands.h"
#include "cli/config_changes.h"
#include "cli/value.h"
#include "client/quota_descriptions.h"

namespace millrace::cli {
namespace {

struct QuotaOptions {
  ClusterOptions cluster;
  std::optional<std::string> user;
  std::optional<std::string> client_id;
  std::optional<std::string> ip;
  bool other_users = false;
  bool other_clients = false;
  bool other_ips = false;
  std::vector<std::string> set;
  std::vector<std::string> removed;
  bool validate_only = false;
  std::string format = "text";
};

void add_entity_options(Command& command, QuotaOptions& options) {
  command.option("-u,--user NAME", options.user, "A user");
  command.option("-i,--client-id ID", options.client_id, "A client id");
  command.option("--ip ADDRESS", options.ip, "An address");
  command.flag("--other-users", options.other_users, "Users that no other quota names");
  command.flag("--other-clients", options.other_clients, "Client ids that no other quota names");
  command.flag("--other-ips", options.other_ips, "Addresses that no other quota names");
  command.exclusive("--user", "--other-users");
  command.exclusive("--client-id", "--other-clients");
  command.exclusive("--ip", "--other-ips");
}

client::QuotaEntity entity_named(const QuotaOptions& options) {
  client::QuotaEntity entity;
  if (options.user || options.other_users) entity["user"] = options.user;
  if (options.client_id || options.other_clients) entity["client-id"] = options.client_id;
  if (options.ip || options.other_ips) entity["ip"] = options.ip;
  return entity;
}

/// errors  kInvalidArgument: none, one that is no number, or one twice
Result<client::QuotaChanges> quota_changes(const QuotaOptions& options) {
  const auto assignments = parse_assignments("--config", options.set);
  if (!assignments.ok()) return assignments.error();
  client::QuotaChanges changes;
  for (const auto& [key, text] : *assignments) {
    double value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, value);
    if (failure != std::errc{} || stop != end)
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("{}: wanted a number, found \"{}\"", key, text)};
    changes[key] = value;
  }
  for (const auto& key : options.removed) {
    if (!changes.emplace(key, std::nullopt).second)
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("wanted one change of {}, found more", key)};
  }
  if (changes.empty())
    return Error{ErrorCode::kInvalidArgument,
                 "wanted --config key=number or --delete key, found none"};
  return changes;
}

ExitCode alter_quotas(const QuotaOptions& options, Console& console, io::Env& env) {
  const auto entity = entity_named(options);
  if (entity.empty())
    return report(console, Error{ErrorCode::kInvalidArgument,
                                 "wanted --user, --client-id, --ip or who no other quota names "
                                 "(--other-users, --other-clients, --other-ips), found none"});
  const auto changes = quota_changes(options);
  if (!changes.ok()) return report(console, changes.error());
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  const auto outcomes = admin->alter_client_quotas(
      {{entity, *changes}},
      options.validate_only ? client::Admin::Validate::kOnly : client::Admin::Validate::kApply);
  if (!outcomes.ok()) return report(console, outcomes.error());
  const ExitCode code = report_outcomes(console, *outcomes);
  if (code == ExitCode::kDone)
    console.print("{} quotas\n", options.validate_only ? "would alter" : "altered");
  return code;
}

/// A number as people write it: 1048576, 12.5.
std::string number_text(double value) {
  return fmt::format("{}", value);
}

ExitCode describe_quotas(const QuotaOptions& options, Console& console, io::Env& env) {
  client::QuotaFilter filter;
  using Match = client::QuotaFilter::Match;
  for (const auto& [type, name] : entity_named(options)) {
    filter.components[type] = {name ? Match::kName : Match::kDefault, name.value_or("")};
  }
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  const auto quotas = admin->describe_client_quotas(filter);
  if (!quotas.ok()) return report(console, quotas.error());

  const auto name_of = [](const client::QuotaEntity& entity, const std::string& type) -> Value {
    const auto found = entity.find(type);
    return found == entity.end() ? Value() : Value(found->second.value_or("<default>"));
  };
  Value::List rows;
  for (const auto& [entity, values] : *quotas) {
    for (const auto& [key, value] : values)
      rows.emplace_back(Value::Object{{"user", name_of(entity, "user")},
                                      {"client_id", name_of(entity, "client-id")},
                                      {"ip", name_of(entity, "ip")},
                                      {"quota", key},
                                      {"value", number_text(value)}});
  }
  if (rows.empty()) console.note("no quotas\n");
  console.print_rendered(render(rows, format_named(options.format)));
  return ExitCode::kDone;
}

}  // namespace

void add_quota(Command root, io::Env& env) {
  Command quota = root.add_command("quota", "Show and change how much clients may send and fetch",
                                   "millrace quota describe");
  const auto options = std::make_shared<QuotaOptions>();

  Command describing = quota.add_command("describe", "Show quotas, all or those of somebody",
                                         "millrace quota describe --client-id billing");
  add_cluster_options(describing, options->cluster);
  add_entity_options(describing, *options);
  describing.choice("-f,--format", options->format, format_names(), "How to write it");
  describing.action(
      [options, &env](Console& console) { return describe_quotas(*options, console, env); });

  Command altering =
      quota.add_command("alter", "Set and remove quotas, at once and for good",
                        "millrace quota alter --client-id billing -c producer_byte_rate=1048576");
  add_cluster_options(altering, options->cluster);
  add_entity_options(altering, *options);
  altering.option("-c,--config KEY=NUMBER", options->set,
                  "A quota to set, such as producer_byte_rate or consumer_byte_rate, in bytes a "
                  "second; may be repeated");
  altering.option("--delete KEY", options->removed, "A quota to remove; may be repeated");
  altering.flag("--validate-only", options->validate_only, "Say what would happen, change nothing");
  altering.action(
      [options, &env](Console& console) { return alter_quotas(*options, console, env); });
}

}  // namespace millrace::cli
