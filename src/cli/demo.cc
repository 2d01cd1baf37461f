// millrace demo: a web server's log through broker, client and a windowed stream, counted.
#include "apps/access_log/demo.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "apps/access_log/charts.h"
#include "apps/access_log/log_generator.h"
#include "broker/broker.h"
#include "cli/cluster_access.h"
#include "cli/commands.h"
#include "cli/progress_bar.h"
#include "cli/stop_signal.h"

namespace millrace::cli {
namespace {

constexpr std::size_t kMinutesShown = 12;

struct DemoOptions {
  std::optional<std::string> input;
  std::optional<std::string> out;
  std::optional<std::string> brokers;
  std::int64_t lines = 100'000;
  std::int64_t seed = 1;
  std::int64_t partitions = 4;
  bool keep = false;
};

/// The log to count: the file, or one made up.
Result<std::string> load_log(const DemoOptions& options, io::Env& env) {
  if (options.input) {
    auto text = env.files().read_all(*options.input);
    if (!text.ok()) return std::move(text).error().with_context("--input");
    return text;
  }
  access_log::LogGenerator generator(static_cast<std::uint64_t>(options.seed));
  std::string text;
  for (std::int64_t i = 0; i < options.lines; ++i) text += generator.next_line() + "\n";
  return text;
}

/// An embedded broker gets plain names; on somebody's cluster every run has names of its own.
access_log::DemoConfig demo_config(const DemoOptions& options, io::Env& env) {
  access_log::DemoConfig config;
  config.partitions = static_cast<std::int32_t>(options.partitions);
  config.application_id = "millrace-demo";
  if (!options.brokers) return config;
  config.brokers = *options.brokers;
  config.application_id += fmt::format("-{:08x}", env.make_random().below(1ULL << 32U));
  for (std::string* const name : {&config.topics.log, &config.topics.by_status,
                                  &config.topics.by_minute, &config.topics.dead_letters}) {
    *name = config.application_id + "." + *name;
  }
  return config;
}

Result<std::unique_ptr<broker::Broker>> start_broker(io::Env& env) {
  broker::BrokerConfig config;
  config.ephemeral = true;
  config.kafka = {"127.0.0.1", 0};
  config.fsync = broker::FsyncPolicy::kNever;  // nothing of it is kept
  return broker::Broker::start(env, config);
}

Status write_results(const std::string& directory, const access_log::Results& results,
                     io::Env& env) {
  auto status =
      env.files().replace_atomically(directory + "/access_by_status.tsv", results.status_tsv());
  if (!status.ok()) return status;
  return env.files().replace_atomically(directory + "/access_by_minute_status.tsv",
                                        results.minute_tsv());
}

void print_report(const access_log::DemoReport& report, const access_log::DemoConfig& config,
                  Console& console) {
  const auto& results = report.results;
  const std::int64_t refused = results.compute_dead_letter_count();
  const double seconds = std::chrono::duration<double>(report.took).count();

  console.print("Requests by status  (topic {})\n", config.topics.by_status);
  console.print_rendered(access_log::status_table(results) + "\n");
  console.print("Busiest minutes of event time  (topic {})\n", config.topics.by_minute);
  console.print_rendered(access_log::minute_table(results, kMinutesShown) + "\n");
  if (refused > 0) {
    console.print("Lines that do not parse  (topic {})\n", config.topics.dead_letters);
    console.print_rendered(access_log::dead_letter_table(results) + "\n");
  }
  console.print(
      "{} lines, {}: {} counted into {} pairs of minute and status, {} to the dead-letter topic\n",
      access_log::with_thousands(report.lines), access_log::readable_bytes(report.bytes),
      access_log::with_thousands(results.compute_requests_by_status()),
      access_log::with_thousands(static_cast<std::int64_t>(results.by_minute().size())),
      access_log::with_thousands(refused));
  console.print("{:.3f} s from the first line sent to the last count read: {} lines/s\n", seconds,
                access_log::with_thousands(
                    static_cast<std::int64_t>(static_cast<double>(report.lines) / seconds)));
}

Result<access_log::DemoReport> count_log(const access_log::DemoConfig& config,
                                         const std::string& log, io::Env& env) {
  const auto lines = access_log::split_lines(log);
  if (lines.empty()) {
    return Error{ErrorCode::kInvalidArgument, "wanted a log of at least one line, found none"};
  }
  return access_log::run_demo(config, lines, env);
}

ExitCode run_demo_command(const DemoOptions& options, Console& console, io::Env& env) {
  if (options.out) {  // what cannot be written is better known before the work than after it
    const auto made = env.files().create_directories(*options.out);
    if (!made.ok()) return report(console, Error(made.error()).with_context("--out"));
  }
  const auto log = load_log(options, env);
  if (!log.ok()) return report(console, log.error());
  access_log::DemoConfig config = demo_config(options, env);
  if (options.brokers) {
    const auto properties = client_properties({.brokers = *options.brokers, .properties = {}});
    if (!properties.ok()) return report(console, properties.error());
    const auto reachable = check_reachable(*properties, console, env);
    if (!reachable.ok()) return report(console, reachable.error());
  }

  // From here on there is something to leave behind. A signal ends the run as its end would: with
  // the topics and the broker's folder gone.
  const StopSignal stop;
  config.is_given_up = [&stop] { return stop.requested(); };
  std::unique_ptr<broker::Broker> embedded;
  if (!options.brokers) {
    auto started = start_broker(env);
    if (!started.ok()) return report(console, started.error());
    embedded = std::move(started).value();
    config.brokers = embedded->kafka_endpoint().to_string();
  }

  std::optional<ProgressBar> progress(std::in_place, console, "counting");
  config.on_progress = [&](std::int64_t done, std::int64_t total) {
    progress->show(done, total, env.clock().monotonic());
  };
  bool has_topics = false;
  config.on_topics_made = [&has_topics] { has_topics = true; };
  const auto counted = count_log(config, *log, env);
  progress.reset();
  if (has_topics && options.brokers && !options.keep) {
    const auto removed = access_log::remove_demo_topics(config, env);
    if (!removed.ok()) console.note("millrace: topics are left: {}\n", removed.error().message);
  }
  if (!counted.ok()) return report(console, counted.error());

  print_report(*counted, config, console);
  if (options.out) {
    const auto written = write_results(*options.out, counted->results, env);
    if (!written.ok()) return report(console, written.error());
    console.print("wrote {0}/access_by_status.tsv and {0}/access_by_minute_status.tsv\n",
                  *options.out);
  }
  if (embedded == nullptr) return ExitCode::kDone;
  const auto stopped = embedded->stop();
  if (!stopped.ok()) return report(console, stopped.error());
  return ExitCode::kDone;
}

}  // namespace

void add_demo(Command root, io::Env& env) {
  const auto options = std::make_shared<DemoOptions>();
  Command demo = root.add_command(
      "demo", "Send a web server's log through broker, client and a windowed stream, and count it",
      "millrace demo --input access.log --out counts");
  demo.option("-i,--input FILE", options->input,
              "A log in Apache's combined format; else one is made up");
  demo.option("-o,--out DIR", options->out,
              "Also write the counts as TSV files into this directory");
  demo.option("-b,--brokers HOST:PORT", options->brokers,
              "Use this cluster instead of an embedded broker");
  demo.option("--lines", options->lines, "How many lines to make up", 1, 10'000'000);
  demo.option("--seed", options->seed, "What to make them up from", 0, INT64_MAX);
  demo.option("--partitions", options->partitions, "Partitions of each topic", 1, 1000);
  demo.flag("--keep", options->keep, "With --brokers: leave the topics for others to look at");
  demo.action(
      [options, &env](Console& console) { return run_demo_command(*options, console, env); });
}

}  // namespace millrace::cli
