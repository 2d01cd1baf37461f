#include "cli/cluster_turns.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/properties.h"
#include "cli/cluster_access.h"

namespace millrace::cli {
namespace {

using Operation = client::ConfigChange::Operation;

struct TurnOptions {
  ClusterOptions cluster;
  std::vector<std::string> ids;
};

Status check_ids(const std::vector<std::string>& ids) {
  for (const auto& id : ids) {
    std::int32_t number = 0;
    const auto [stop, failure] = std::from_chars(id.data(), id.data() + id.size(), number);
    if (failure != std::errc{} || stop != id.data() + id.size())
      return wrong_usage(fmt::format("wanted ids of brokers, such as 2, found \"{}\"", id));
  }
  return {};
}

/// One that stays, if there is one: a broker that stops itself takes the connection with it.
client::ConfigResource whom_to_ask(const client::ClusterDescription& cluster,
                                   const std::vector<std::string>& ids) {
  std::string asked;
  for (const auto& node : cluster.nodes) {
    const std::string id = fmt::to_string(node.id.value());
    const bool stays = std::find(ids.begin(), ids.end(), id) == ids.end();
    if (asked.empty() || stays) asked = id;
    if (stays) break;
  }
  return {client::ConfigResourceKind::kBroker, asked};
}

/// Real brokers are stopped by whoever runs them; their cluster would take the property as any
/// other, or refuse it, and stop nothing.
Status check_can_be_turned(client::Admin& admin, const client::ConfigResource& asked) {
  const auto outcomes = admin.describe_configs({asked});
  if (!outcomes.ok()) return outcomes.error();
  const auto& outcome = outcomes->at(asked);
  if (!outcome.ok()) return outcome.error();
  const bool is_known = std::any_of(
      outcome->begin(), outcome->end(),
      [](const client::ConfigEntry& entry) { return entry.name == broker::kStoppedBrokers; });
  if (is_known) return {};
  return Error{ErrorCode::kUnsupported,
               fmt::format("wanted a cluster of `millrace up --brokers N`, whose brokers stop and "
                           "start on request, found one without the property {}",
                           broker::kStoppedBrokers)};
}

ExitCode turn(const TurnOptions& options, Operation operation, Console& console, io::Env& env) {
  if (auto status = check_ids(options.ids); !status.ok()) return report(console, status.error());
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  const auto cluster = admin->describe_cluster();
  if (!cluster.ok()) return report(console, cluster.error());
  const auto asked = whom_to_ask(*cluster, options.ids);
  if (auto status = check_can_be_turned(*admin, asked); !status.ok())
    return report(console, status.error());

  const client::ConfigChange change{std::string(broker::kStoppedBrokers), operation,
                                    fmt::format("{}", fmt::join(options.ids, ","))};
  const auto outcomes = admin->incremental_alter_configs({{asked, {change}}});
  if (!outcomes.ok()) return report(console, outcomes.error());
  const ExitCode code = report_outcomes(console, *outcomes);
  if (code != ExitCode::kDone) return code;
  for (const auto& id : options.ids)
    console.print("broker {} {}\n", id, operation == Operation::kAppend ? "is stopped" : "runs");
  return code;
}

void add_turn(Command& cluster, io::Env& env, const std::string& name, const std::string& purpose,
              Operation operation) {
  const auto options = std::make_shared<TurnOptions>();
  Command command = cluster.add_command(name, purpose, "millrace cluster " + name + " 2");
  command.arguments("ID", options->ids, "Brokers of one `millrace up --brokers N`, by their ids");
  add_cluster_options(command, options->cluster);
  command.action([options, operation, &env](Console& console) {
    return turn(*options, operation, console, env);
  });
}

}  // namespace

void add_cluster_turns(Command& cluster, io::Env& env) {
  add_turn(cluster, env, "stop",
           "Stop a broker of several in one process: its clients lose it, others lead",
           Operation::kAppend);
  add_turn(cluster, env, "start", "Start a broker that was stopped", Operation::kSubtract);
}

}  // namespace millrace::cli
