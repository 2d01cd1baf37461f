// What the benchmarks of `millrace bench` have in common: what they are told, what they found, and
// how that is shown.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "cli/cluster_access.h"
#include "cli/console.h"
#include "cli/latency_histogram.h"
#include "cli/stop_signal.h"
#include "client/properties.h"
#include "io/env.h"

namespace millrace::cli {

struct BenchOptions {
  ClusterOptions cluster;
  std::string topic;
  /// Measured ones; until the seconds are over, or the topic is, when not given.
  std::optional<std::int64_t> records;
  std::optional<std::int64_t> seconds;
  std::int64_t warm_up_seconds = 2;
  std::int64_t value_bytes = 100;
  /// 0: as fast as it goes.
  std::int64_t records_per_s = 0;
  /// Different keys; 0: none.
  std::int64_t keys = 0;
  std::optional<std::string> compression;
  std::string from = "earliest";
  std::string format = "text";
  bool json = false;
};

/// What a benchmark runs with.
struct BenchRun {
  const BenchOptions& options;
  const client::Properties& properties;
  Console& console;
  io::Env& env;
  const StopSignal& stop;
};

/// What was measured, after the warm-up.
struct Measured {
  std::int64_t records = 0;
  std::int64_t bytes = 0;             // of keys and values
  std::int64_t failed = 0;            // not written, or not delivered
  std::optional<Error> failure = {};  // of the first of them, where it is known
  std::chrono::nanoseconds took{0};
  std::chrono::nanoseconds cpu{0};  // of all threads of this process
  LatencyHistogram latency;
  std::string latency_of;  // "send to acknowledged"
  /// How far at most the sender was behind its schedule; latencies include it.
  std::optional<std::chrono::nanoseconds> sender_late = {};
};

// Each measures until its records or seconds are there, or a signal comes.
Result<Measured> bench_produce(const BenchRun& run);
Result<Measured> bench_consume(const BenchRun& run);
Result<Measured> bench_latency(const BenchRun& run);

/// A value of that size that compresses about as well as a log does.
std::string bench_value(std::int64_t bytes);

/// User and system time of all threads of this process.
std::chrono::nanoseconds process_cpu();

/// The measured span, from construction on.
class Stopwatch {
 public:
  explicit Stopwatch(const Clock& clock)
      : started_(clock.monotonic()), cpu_started_(process_cpu()) {}
  void stop(Measured& measured, MonotonicTime now) const {
    measured.took = std::max(now - started_, std::chrono::nanoseconds{0});
    measured.cpu = process_cpu() - cpu_started_;
  }

 private:
  MonotonicTime started_;
  std::chrono::nanoseconds cpu_started_;
};

/// When the record of that number is due at a steady rate.
inline MonotonicTime due_at(MonotonicTime start, std::int64_t number, std::int64_t per_second) {
  constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
  return start + std::chrono::seconds{number / per_second} +
         std::chrono::nanoseconds{number % per_second * kNanosPerSecond / per_second};
}

/// "a: 1,000 records …" for people; what `format` says for programs.
void show_measured(const std::string& bench, const BenchOptions& options, const Measured& measured,
                   Console& console);

}  // namespace millrace::cli
