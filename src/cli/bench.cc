// millrace bench produce | consume | latency: how fast a cluster is, seen by our client.
#include <memory>
#include <string>

#include "cli/bench_run.h"
#include "cli/commands.h"
#include "cli/value.h"

namespace millrace::cli {
namespace {

using Benchmark = Result<Measured> (*)(const BenchRun& run);

Result<client::Properties> bench_properties(const BenchOptions& options) {
  auto properties = client_properties(options.cluster);
  if (properties.ok() && options.compression) {
    properties->set("compression.type", *options.compression);
  }
  return properties;
}

ExitCode run_bench(const std::string& name, Benchmark benchmark, const BenchOptions& options,
                   Console& console, io::Env& env) {
  const auto properties = bench_properties(options);
  if (!properties.ok()) return report(console, properties.error());
  if (const auto status = check_reachable(*properties, console, env); !status.ok()) {
    return report(console, status.error());
  }
  if (const auto status = check_topic_exists(options.topic, *properties, env); !status.ok()) {
    return report(console, status.error());
  }
  // A signal ends the measurement: what was measured until then is shown.
  const StopSignal stop(SecondInterrupt::kEndsProcess);
  const auto measured = benchmark({options, *properties, console, env, stop});
  if (!measured.ok()) return report(console, measured.error());
  show_measured(name, options, *measured, console);
  if (measured->failed == 0) return ExitCode::kDone;
  if (measured->failure) return report(console, *measured->failure);
  return ExitCode::kFailed;
}

void add_span_options(Command& command, BenchOptions& options, const char* end) {
  command.option("-n,--records", options.records, "Measure as many", 1, INT64_MAX);
  command.option("--seconds", options.seconds, fmt::format("Measure for as long; else {}", end), 1,
                 86'400);
  command.option("--warm-up", options.warm_up_seconds, "Seconds before that, which do not count", 0,
                 3600);
}

void add_value_options(Command& command, BenchOptions& options) {
  command.option("--value-bytes", options.value_bytes, "Size of each value", 0, 100'000'000);
  command.option("-z,--compression CODEC", options.compression, "none, gzip, snappy, lz4 or zstd");
}

void add_output_options(Command& command, BenchOptions& options) {
  command.choice("-f,--format", options.format, {"text", "json", "yaml"},
                 "How to write the result");
  command.flag("--json", options.json, "The same as --format json");
  add_cluster_options(command, options.cluster);
}

}  // namespace

void add_bench(Command root, io::Env& env) {
  Command bench = root.add_command("bench", "Measure a cluster: records, bytes, latencies, CPU",
                                   "millrace bench latency clicks --rate 1000");
  const auto add = [&](const std::string& name, const char* purpose, const char* example,
                       Benchmark benchmark, const std::shared_ptr<BenchOptions>& options) {
    Command command = bench.add_command(name, purpose, example);
    command.argument("TOPIC", options->topic, "A topic that is there");
    command.action([options, name, benchmark, &env](Console& console) {
      return run_bench(name, benchmark, *options, console, env);
    });
    return command;
  };
  const std::string note =
      "CPU is that of this process, so of the client and not of the brokers. Terminals\n"
      "show a live line. Ctrl-C ends the measurement and shows it.\n";

  const auto writing = std::make_shared<BenchOptions>();
  Command produce = add("produce", "Write records, as fast as it goes or at a rate",
                        "millrace bench produce clicks --value-bytes 1000 -z lz4 --json",
                        &bench_produce, writing);
  add_span_options(produce, *writing, "10 s");
  produce.option("--rate", writing->records_per_s, "Records a second; 0: as fast as it goes", 0,
                 100'000'000);
  produce.option("--keys", writing->keys, "Different keys; 0: none", 0, 10'000'000);
  add_value_options(produce, *writing);
  add_output_options(produce, *writing);
  produce.explain([note] {
    return "Every record that is measured is acknowledged before the time is taken. The\n"
           "latency is that of each 100th, from send(); with --rate that of all, from when\n"
           "they were due.\n" +
           note;
  });

  const auto reading = std::make_shared<BenchOptions>();
  reading->warm_up_seconds = 0;  // a topic that is short is read in less
  Command consume = add("consume", "Read the records of a topic, from its start to its end",
                        "millrace bench consume clicks --from earliest", &bench_consume, reading);
  add_span_options(consume, *reading, "to what was the end of the topic");
  consume.option("-o,--from POSITION", reading->from, "Where to begin, as consume has it");
  add_output_options(consume, *reading);
  consume.explain([note] { return note; });

  const auto pacing = std::make_shared<BenchOptions>();
  pacing->records_per_s = 1000;
  Command latency =
      add("latency", "From when a record was due to be sent until a consumer has it",
          "millrace bench latency clicks --rate 10000 --seconds 30", &bench_latency, pacing);
  add_span_options(latency, *pacing, "10 s");
  latency.option("--rate", pacing->records_per_s, "Records a second", 1, 100'000'000);
  add_value_options(latency, *pacing);
  add_output_options(latency, *pacing);
  latency.explain([note] {
    return "Each record has its place in a schedule, and its latency counts from there: a\n"
           "stall delays all that were due meanwhile, and none is left out. linger.ms is 0\n"
           "unless -X says otherwise.\n" +
           note;
  });
}

}  // namespace millrace::cli
