// millrace up: the embedded broker, until a signal ends it.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "broker/broker.h"
#include "cli/cluster_access.h"
#include "cli/commands.h"
#include "cli/config_changes.h"
#include "cli/port_file.h"
#include "cli/stop_signal.h"

namespace millrace::cli {
namespace {

struct UpOptions {
  std::string data_directory = "millrace-data";
  bool ephemeral = false;
  std::string kafka = kBrokersDefault;
  std::string advertise;
  std::int64_t brokers = 1;
  std::string racks;
  std::int64_t replication_factor = 1;
  std::string fsync = "group";
  std::int64_t partitions = 1;
  std::int64_t loops = 0;
  bool no_auto_create = false;
  std::vector<std::string> properties;
  std::string port_file;
  std::string metrics_file;
  bool die_with_parent = false;
  bool verbose = false;
};

/// "a,b" → a and b. Nothing for nothing.
Result<std::vector<std::string>> parse_racks(std::string_view text) {
  std::vector<std::string> racks;
  while (!text.empty()) {
    const auto comma = text.find(',');
    racks.emplace_back(text.substr(0, comma));
    const bool ends_open = comma != std::string_view::npos && comma + 1 == text.size();
    if (racks.back().empty() || ends_open)
      return Error{ErrorCode::kInvalidArgument,
                   "wanted names with a comma between them, such as a,b,c, found an empty one"};
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return racks;
}

Result<broker::BrokerConfig> broker_config(const UpOptions& options) {
  broker::BrokerConfig config;
  config.data_directory = options.data_directory;
  config.ephemeral = options.ephemeral;
  config.num_partitions = static_cast<std::int32_t>(options.partitions);
  config.loops = static_cast<int>(options.loops);
  config.auto_create_topics = !options.no_auto_create;

  auto kafka = io::Endpoint::parse(options.kafka);
  if (!kafka.ok()) return std::move(kafka).error().with_context("--kafka");
  config.kafka = *kafka;
  if (!options.advertise.empty()) {
    auto advertised = io::Endpoint::parse(options.advertise);
    if (!advertised.ok()) return std::move(advertised).error().with_context("--advertise");
    if (auto status = broker::check_advertised(*advertised); !status.ok())
      return std::move(status).error().with_context("--advertise");
    config.advertised = *std::move(advertised);
  }
  config.brokers = static_cast<std::int32_t>(options.brokers);
  auto racks = parse_racks(options.racks);
  if (!racks.ok()) return std::move(racks).error().with_context("--rack");
  config.racks = *std::move(racks);
  config.replication_factor = static_cast<std::int16_t>(options.replication_factor);
  const auto fsync = broker::parse_fsync_policy(options.fsync);
  if (!fsync.ok()) return fsync.error();
  config.fsync = *fsync;
  const auto properties = parse_assignments("--config", options.properties);
  if (!properties.ok()) return properties.error();
  for (const auto& [name, value] : *properties) {
    auto status = broker::set_broker_property(config, name, value);
    if (!status.ok()) return std::move(status).error().with_context("--config");
  }
  return config;
}

/// What cannot be written is better known at the start than at the end.
Status check_metrics_file(const UpOptions& options, io::Env& env) {
  if (options.metrics_file.empty()) return {};
  auto status = env.files().check_replaceable(options.metrics_file);
  return status.ok() ? status : std::move(status).error().with_context("--metrics-file");
}

Status write_metrics_file(const UpOptions& options, const broker::Broker& broker, io::Env& env) {
  if (options.metrics_file.empty()) return {};
  auto status = env.files().replace_atomically(options.metrics_file, broker.metrics_text());
  if (!status.ok()) return std::move(status).error().with_context("--metrics-file");
  return status;
}

std::string joined(const std::vector<io::Endpoint>& endpoints) {
  std::string text;
  for (const auto& endpoint : endpoints) {
    if (!text.empty()) text += ',';
    text += endpoint.to_string();
  }
  return text;
}

/// Everything that a script or a reader needs to know, on one line.
void say_ready(const broker::Broker& broker, Millis took, Console& console) {
  const auto endpoints = broker.kafka_endpoints();
  const auto advertised = broker.advertised_endpoints();
  console.print("ready kafka={}{} data={} in {} ms{}\n", joined(endpoints),
                advertised.empty() ? "" : " advertised=" + joined(advertised),
                broker.data_directory(), took.count(),
                endpoints.size() == 1
                    ? ""
                    : fmt::format("; {} brokers over one log: no copies", endpoints.size()));
  (void)std::fflush(console.out);
}

ExitCode run_up(const UpOptions& options, Console& console, io::Env& env, MonotonicTime started) {
  if (options.verbose) set_log_level(LogLevel::kInfo);
  StopSignal stop;
  if (options.die_with_parent) {
    if (const auto status = stop.watch_parent(); !status.ok())
      return report(console, status.error());
  }
  PortFile port_file(env.files(), options.port_file);
  if (auto status = port_file.clear(); !status.ok()) {
    return report(console, std::move(status).error().with_context("--port-file"));
  }
  if (auto status = check_metrics_file(options, env); !status.ok()) {
    return report(console, status.error());
  }
  auto config = broker_config(options);
  if (!config.ok()) return report(console, config.error());
  const auto broker = broker::Broker::start(env, std::move(config).value());
  if (!broker.ok()) return report(console, broker.error());
  if (auto status = port_file.write(joined((*broker)->kafka_endpoints())); !status.ok()) {
    return report(console, std::move(status).error().with_context("--port-file"));
  }

  const auto took = std::chrono::duration_cast<Millis>(env.clock().monotonic() - started);
  say_ready(**broker, took, console);
  stop.wait();
  const Status removed = port_file.remove();
  const Status stopped = (*broker)->stop();
  const Status written = write_metrics_file(options, **broker, env);
  ExitCode code = ExitCode::kDone;
  for (const Status* const status : {&removed, &stopped, &written}) {
    if (!status->ok()) code = report(console, status->error());
  }
  return code;
}

}  // namespace

void add_up(Command root, io::Env& env) {
  const auto options = std::make_shared<UpOptions>();
  const MonotonicTime started = env.clock().monotonic();
  Command up =
      root.add_command("up", "Run the broker in this process until Ctrl-C, SIGTERM or SIGHUP",
                       "millrace up --data ./data --kafka 127.0.0.1:9092");
  up.option("--data DIR", options->data_directory,
            "Directory that keeps the logs; made when missing");
  up.flag("--ephemeral", options->ephemeral,
          "Keep nothing: a temporary directory, removed at the end");
  up.exclusive("--data", "--ephemeral");
  up.option("--kafka HOST:PORT", options->kafka, "HOST:PORT to listen on; port 0 takes a free one");
  up.option(
      "--advertise HOST:PORT", options->advertise,
      "What clients are told to connect to, when it is not what they came by: behind a proxy, or "
      "in a container");
  up.option(
      "--brokers", options->brokers,
      "Be N brokers to clients, with ids, racks and the next ports of their own over this one "
      "log: for meeting moving leaders, not for safety, as there are no copies",
      1, broker::kBrokersMax);
  up.option(
      "--rack NAMES", options->racks,
      "Racks with commas between them, dealt round among the brokers; without it several brokers "
      "are in rack-1, rack-2 …");
  up.option("--replication-factor", options->replication_factor,
            "Replicas of a topic made without saying how many; each is a name for the one log", 1,
            broker::kBrokersMax);
  up.choice(
      "--fsync", options->fsync, {"group", "never", "always"},
      "When acks=all is answered: after a shared flush, without one, after one for each append");
  up.option("--partitions", options->partitions,
            "Partitions of a topic made without saying how many", 1, 10'000);
  up.option("--loops", options->loops, "Event loops; 0 is one for each processor", 0, 256);
  up.flag("--no-auto-create", options->no_auto_create,
          "Refuse unknown topics instead of making them when they are first asked for");
  up.option("-c,--config NAME=VALUE", options->properties,
            "A property of the broker, by Kafka's name; may be repeated");
  up.option("--port-file FILE", options->port_file,
            "Write HOST:PORT here once ready; removed at the end");
  up.option("--metrics-file FILE", options->metrics_file,
            "Write the counters here at the end, in Prometheus' text format");
  up.flag("--die-with-parent", options->die_with_parent, "Stop when the parent process ends");
  up.flag("--verbose", options->verbose, "Log what happens on stderr");
  up.explain(&help_on_broker_properties);
  up.action([options, &env, started](Console& console) {
    return run_up(*options, console, env, started);
  });
}

}  // namespace millrace::cli
