// millrace cluster info
#include <memory>
#include <string>

#include "cli/cluster_access.h"
#include "cli/commands.h"
#include "cli/value.h"

namespace millrace::cli {
namespace {

struct ClusterInfoOptions {
  ClusterOptions cluster;
  std::string format = "text";
};

ExitCode show_info(const ClusterInfoOptions& options, Console& console, io::Env& env) {
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

}  // namespace

void add_cluster(Command root, io::Env& env) {
  const auto options = std::make_shared<ClusterInfoOptions>();
  Command cluster =
      root.add_command("cluster", "Ask about the cluster as a whole", "millrace cluster info");
  Command info = cluster.add_command("info", "Show the cluster's id and brokers",
                                     "millrace cluster info --format json");
  add_cluster_options(info, options->cluster);
  info.choice("-f,--format", options->format, format_names(), "How to write it");
  info.action([options, &env](Console& console) { return show_info(*options, console, env); });
}

}  // namespace millrace::cli
