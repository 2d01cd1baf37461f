// How `millrace bench` shows what it found.
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <utility>

#include "apps/access_log/charts.h"
#include "base/random.h"
#include "cli/bench_run.h"
#include "cli/value.h"

namespace millrace::cli {
namespace {

using Nanos = std::chrono::nanoseconds;

struct Quantile {
  const char* shown;
  const char* name;
  double share;
};
constexpr std::array<Quantile, 4> kQuantiles{
    {{"p50", "p50", 0.5}, {"p95", "p95", 0.95}, {"p99", "p99", 0.99}, {"p99.9", "p99_9", 0.999}}};

double seconds_of(Nanos time) {
  return std::chrono::duration<double>(time).count();
}
double millis_of(Nanos time) {
  return std::chrono::duration<double, std::milli>(time).count();
}
std::int64_t micros_of(Nanos time) {
  return std::chrono::round<std::chrono::microseconds>(time).count();
}

std::int64_t per_second(std::int64_t count, Nanos took) {
  return took.count() <= 0
             ? 0
             : static_cast<std::int64_t>(static_cast<double>(count) / seconds_of(took));
}

Value as_value(const std::string& bench, const BenchOptions& options, const Measured& measured) {
  Value::Object latency{{"of", measured.latency_of}, {"samples", measured.latency.count()}};
  for (const Quantile& each : kQuantiles) {
    latency.push_back({each.name, micros_of(measured.latency.compute_quantile(each.share))});
  }
  latency.push_back({"max", micros_of(measured.latency.largest())});
  Value::Object object{{"bench", bench},
                       {"topic", options.topic},
                       {"records", measured.records},
                       {"failed", measured.failed},
                       {"bytes", measured.bytes},
                       {"took_us", micros_of(measured.took)},
                       {"records_per_s", per_second(measured.records, measured.took)},
                       {"bytes_per_s", per_second(measured.bytes, measured.took)},
                       {"cpu_us", micros_of(measured.cpu)},
                       {"latency_us", std::move(latency)}};
  if (measured.sender_late) {
    object.push_back({"sender_late_us", micros_of(*measured.sender_late)});
  }
  return object;
}

void show_to_people(const std::string& bench, const BenchOptions& options, const Measured& measured,
                    Console& console) {
  constexpr double kBytesPerMb = 1e6;
  const auto rate = per_second(measured.records, measured.took);
  const auto bytes = static_cast<double>(per_second(measured.bytes, measured.took));
  console.print(
      "{} {}: {} records in {:.3f} s{}\n", bench, options.topic,
      access_log::with_thousands(measured.records), seconds_of(measured.took),
      measured.failed == 0 ? std::string() : fmt::format("; failed: {}", measured.failed));
  console.print("  rate     {} records/s, {:.2f} MB/s\n", access_log::with_thousands(rate),
                bytes / kBytesPerMb);
  std::string quantiles;
  for (const Quantile& each : kQuantiles) {
    quantiles += fmt::format("{} {:.3f} ms, ", each.shown,
                             millis_of(measured.latency.compute_quantile(each.share)));
  }
  console.print("  latency  {}max {:.3f} ms: {}\n", quantiles,
                millis_of(measured.latency.largest()), measured.latency_of);
  if (measured.sender_late) {
    console.print("           of which the sender was late by {:.3f} ms at most\n",
                  millis_of(*measured.sender_late));
  }
  const double each_us = measured.records == 0 ? 0
                                               : seconds_of(measured.cpu) * 1e6 /
                                                     static_cast<double>(measured.records);
  console.print("  CPU      {:.3f} s of this process, {:.3f} us a record\n",
                seconds_of(measured.cpu), each_us);
}

}  // namespace

void show_measured(const std::string& bench, const BenchOptions& options, const Measured& measured,
                   Console& console) {
  const std::string format = options.json ? "json" : options.format;
  if (format == "text") return show_to_people(bench, options, measured, console);
  console.print_rendered(render(as_value(bench, options, measured), format_named(format)));
}

std::string bench_value(std::int64_t bytes) {
  Random random(1);
  std::string value;
  while (static_cast<std::int64_t>(value.size()) < bytes) {
    value += fmt::format("field{}={} ", random.below(7), random.below(4096));
  }
  value.resize(static_cast<std::size_t>(bytes));
  return value;
}

std::chrono::nanoseconds process_cpu() {
  rusage usage{};
  (void)getrusage(RUSAGE_SELF, &usage);
  const auto time_of = [](const timeval& time) {
    return std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_usec};
  };
  return time_of(usage.ru_utime) + time_of(usage.ru_stime);
}

}  // namespace millrace::cli
