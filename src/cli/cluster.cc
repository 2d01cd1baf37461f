// millrace cluster info | log-dirs | features | quorum; moves of leaders and replicas:
// cluster_moves.cc; brokers that stop and start: cluster_turns.cc
#include <charconv>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/cluster_access.h"
#include "cli/cluster_moves.h"
#include "cli/cluster_turns.h"
#include "cli/commands.h"
#include "cli/config_changes.h"
#include "cli/value.h"

namespace millrace::cli {
namespace {

struct ClusterViewOptions {
  ClusterOptions cluster;
  std::string format = "text";
};
using View = ExitCode (*)(const ClusterViewOptions&, Console&, io::Env&);

ExitCode show_info(const ClusterViewOptions& options, Console& console, io::Env& env) {
  auto admin = connect_admin(options.cluster, console, env, Reach::kBootstrap);
  if (!admin.ok()) return report(console, admin.error());
  const auto cluster = admin->describe_cluster();
  if (!cluster.ok()) return report(console, cluster.error());

  Value::List nodes;
  for (const auto& node : cluster->nodes) {
    nodes.emplace_back(Value::Object{{"broker", node.id.value()},
                                     {"host", node.host},
                                     {"port", node.port},
                                     {"rack", node.rack},
                                     {"controller", node.id == cluster->controller}});
  }
  const Value info = Value::Object{{"cluster_id", cluster->cluster_id},
                                   {"controller", cluster->controller.value()},
                                   {"brokers", nodes}};
  console.print_rendered(render(info, format_named(options.format)));
  return ExitCode::kDone;
}

Value::Object row_of(BrokerId broker, const client::LogDirectoryDescription& directory,
                     const client::ReplicaFiles& replica) {
  const auto known = [](std::int64_t bytes) { return bytes < 0 ? Value() : Value(bytes); };
  return {{"broker", broker.value()},
          {"log_dir", directory.path, Detail::kWide},
          {"topic", replica.partition.topic},
          {"partition", replica.partition.partition.value()},
          {"size_bytes", replica.size_bytes},
          {"offset_lag", replica.offset_lag},
          {"is_future", replica.is_future, Detail::kWide},
          {"total_bytes", known(directory.total_bytes), Detail::kWide},
          {"usable_bytes", known(directory.usable_bytes), Detail::kWide}};
}

ExitCode show_log_dirs(const ClusterViewOptions& options, Console& console, io::Env& env) {
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  const auto cluster = admin->describe_cluster();
  if (!cluster.ok()) return report(console, cluster.error());
  std::vector<BrokerId> brokers;
  for (const auto& node : cluster->nodes) brokers.push_back(node.id);
  const auto outcomes = admin->describe_log_dirs(brokers);
  if (!outcomes.ok()) return report(console, outcomes.error());

  ExitCode code = ExitCode::kDone;
  Value::List rows;
  for (const auto& [broker, outcome] : *outcomes) {
    if (!outcome.ok()) {
      code = report(console, outcome.error());
      continue;
    }
    for (const auto& directory : *outcome) {
      for (const auto& replica : directory.replicas)
        rows.emplace_back(row_of(broker, directory, replica));
    }
  }
  if (rows.empty()) console.note("no partitions\n");
  console.print_rendered(render(rows, format_named(options.format)));
  return code;
}

ExitCode show_features(const ClusterViewOptions& options, Console& console, io::Env& env) {
  auto admin = connect_admin(options.cluster, console, env, Reach::kBootstrap);
  if (!admin.ok()) return report(console, admin.error());
  const auto features = admin->describe_features();
  if (!features.ok()) return report(console, features.error());

  Value::List rows;
  for (const auto& [name, supported] : features->supported) {
    const auto found = features->finalized.find(name);
    const bool is_finalized = found != features->finalized.end();
    rows.emplace_back(Value::Object{
        {"feature", name},
        {"min_supported", std::int32_t{supported.min_level}},
        {"max_supported", std::int32_t{supported.max_level}},
        {"finalized", is_finalized ? Value(std::int32_t{found->second.max_level}) : Value()},
        {"epoch", features->finalized_epoch, Detail::kWide}});
  }
  console.print_rendered(render(rows, format_named(options.format)));
  return ExitCode::kDone;
}

Value::Object row_of(const client::QuorumReplica& replica, const client::QuorumDescription& quorum,
                     std::string_view role) {
  const auto known = [](Timestamp time) {
    return time == kNoTimestamp ? Value() : Value(time.value());
  };
  return {{"node", replica.node.value()},
          {"status", role},
          {"log_end_offset", replica.log_end_offset.value()},
          {"lag", quorum.high_watermark - replica.log_end_offset},
          {"last_fetch_ms", known(replica.last_fetch), Detail::kWide},
          {"last_caught_up_ms", known(replica.last_caught_up), Detail::kWide},
          {"directory_id", replica.directory_id.to_base64(), Detail::kWide}};
}

ExitCode show_quorum(const ClusterViewOptions& options, Console& console, io::Env& env) {
  auto admin = connect_admin(options.cluster, console, env, Reach::kBootstrap);
  if (!admin.ok()) return report(console, admin.error());
  const auto quorum = admin->describe_quorum();
  if (!quorum.ok()) return report(console, quorum.error());

  Value::List replicas;
  for (const auto& each : quorum->voters)
    replicas.emplace_back(
        row_of(each, *quorum, each.node == quorum->leader ? "leader" : "follower"));
  for (const auto& each : quorum->observers)
    replicas.emplace_back(row_of(each, *quorum, "observer"));
  const Value shown = Value::Object{{"leader", quorum->leader.value()},
                                    {"leader_epoch", quorum->epoch.value()},
                                    {"high_watermark", quorum->high_watermark.value()},
                                    {"replicas", replicas}};
  console.print_rendered(render(shown, format_named(options.format)));
  return ExitCode::kDone;
}

struct FeatureOptions {
  ClusterOptions cluster;
  std::vector<std::string> levels;
  bool downgrade = false;
  bool validate_only = false;
};

Result<std::map<std::string, client::FeatureUpdate>> feature_updates(
    const FeatureOptions& options) {
  using Kind = client::FeatureUpdate::Kind;
  const auto assignments = parse_assignments("a level as", options.levels);
  if (!assignments.ok()) return assignments.error();
  std::map<std::string, client::FeatureUpdate> updates;
  for (const auto& [name, text] : *assignments) {
    client::FeatureUpdate update{.kind = options.downgrade ? Kind::kSafeDowngrade : Kind::kUpgrade};
    const char* const end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, update.level);
    if (failure != std::errc{} || stop != end)
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("{}: wanted a level, found \"{}\"", name, text)};
    updates.emplace(name, update);
  }
  return updates;
}

ExitCode set_features(const FeatureOptions& options, Console& console, io::Env& env) {
  const auto updates = feature_updates(options);
  if (!updates.ok()) return report(console, updates.error());
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  const auto updated =
      admin->update_features(*updates, options.validate_only ? client::Admin::Validate::kOnly
                                                             : client::Admin::Validate::kApply);
  if (!updated.ok()) return report(console, updated.error());
  for (const auto& [name, update] : *updates)
    console.print("{} {} at level {}\n", name, options.validate_only ? "would be" : "is",
                  update.level);
  return ExitCode::kDone;
}

void add_view(Command& cluster, io::Env& env, const std::string& name, const std::string& purpose,
              View view) {
  const auto options = std::make_shared<ClusterViewOptions>();
  Command command =
      cluster.add_command(name, purpose, "millrace cluster " + name + " --format json");
  add_cluster_options(command, options->cluster);
  command.choice("-f,--format", options->format, format_names(), "How to write it");
  command.action([options, view, &env](Console& console) { return view(*options, console, env); });
}

}  // namespace

void add_cluster(Command root, io::Env& env) {
  Command cluster = root.add_command(
      "cluster", "Ask about the cluster as a whole, and move what leads", "millrace cluster info");
  add_view(cluster, env, "info", "Show the cluster's id and brokers", &show_info);
  add_view(cluster, env, "log-dirs", "Show what lies in the log directories of each broker",
           &show_log_dirs);
  add_view(cluster, env, "features", "Show what the cluster has agreed to do", &show_features);
  const auto levels = std::make_shared<FeatureOptions>();
  Command setting =
      cluster.add_command("set-features", "Give features other levels, at once and for good",
                          "millrace cluster set-features transaction.version=2");
  add_cluster_options(setting, levels->cluster);
  setting.arguments("NAME=LEVEL", levels->levels, "Features, and the level of each");
  setting.flag("--downgrade", levels->downgrade, "The levels are lower than what holds");
  setting.flag("--validate-only", levels->validate_only, "Change nothing, only say what is wrong");
  setting.action([levels, &env](Console& console) { return set_features(*levels, console, env); });
  add_view(cluster, env, "quorum", "Show who keeps the cluster's metadata", &show_quorum);
  add_cluster_moves(cluster, env);
  add_cluster_turns(cluster, env);
}

}  // namespace millrace::cli
