// What the load programs have in common: their arguments, and the one line of JSON that they print.
#pragma once

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace millrace::bench {

inline constexpr std::int32_t kTransactionRecords = 100;
inline constexpr std::int32_t kTransactionPartitions = 4;

/// produce|consume|await|transact BROKERS TOPIC RECORDS VALUE_BYTES CODEC; a consumer takes what
/// codec it finds.
/// await     produces one record after the other, each when the one before is acknowledged
/// transact  produces in transactions of kTransactionRecords, dealt round among
///           kTransactionPartitions, one after the other; tells of those
struct Load {
  std::string mode;
  std::string brokers;
  std::string topic;
  std::int64_t records = 0;
  std::size_t value_bytes = 0;
  std::string codec;
};

inline Load load_from(int argc, char** argv) {
  if (argc != 7) {
    fmt::print(
        stderr,
        "wanted: {} produce|consume|await|transact BROKERS TOPIC RECORDS VALUE_BYTES CODEC\n",
        argv[0]);
    std::exit(2);
  }
  return {
      argv[1], argv[2], argv[3], std::atoll(argv[4]), static_cast<std::size_t>(std::atoll(argv[5])),
      argv[6]};
}

[[noreturn]] inline void fail(std::string_view what) {
  fmt::print(stderr, "{}\n", what);
  std::exit(1);
}

/// Of a system call.
inline void check_call(bool is_ok, const char* what) {
  if (!is_ok) fail(fmt::format("{} failed, errno {}", what, errno));
}

/// Text that compresses about as well as a log does.
inline std::string value_of(std::size_t bytes) {
  std::string value;
  std::uint32_t state = 1;
  while (value.size() < bytes) {
    state = state * 1664525U + 1013904223U;
    value += fmt::format("field{}={} ", state % 7, state >> 20U);
  }
  value.resize(bytes);
  return value;
}

inline double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Measures from its construction to report(). CPU is that of all threads of this process.
class Stopwatch {
 public:
  void report(std::int64_t records) const {
    const double wall =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
    const double cpu = cpu_seconds() - cpu_started_;
    const auto count = static_cast<double>(records);
    fmt::print("{{\"records_per_s\": {:.0f}, \"cpu_ns_per_record\": {:.1f}}}\n", count / wall,
               cpu * 1e9 / count);
    (void)std::fflush(stdout);
  }

 private:
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  double cpu_started_ = cpu_seconds();
};

/// Calls `function` with each number below `count`, so many times a second. What is late is done at
/// once, so that the rate holds; fails when it could not be held.
template <class Function>
void at_rate(std::int64_t count, std::int64_t per_s, Function&& function) {
  using Clock = std::chrono::steady_clock;
  (void)prctl(PR_SET_TIMERSLACK, 1UL);
  const auto started = Clock::now();
  for (std::int64_t i = 0; i < count; ++i) {
    const auto due = started + std::chrono::nanoseconds(i * 1'000'000'000 / per_s);
    if (Clock::now() < due) std::this_thread::sleep_until(due);
    function(i);
  }
  const double took_s = std::chrono::duration<double>(Clock::now() - started).count();
  if (took_s * static_cast<double>(per_s) > static_cast<double>(count) * 1.1) {
    fail(fmt::format("fell behind: {} of {} a second took {:.1f} s", count, per_s, took_s));
  }
}

/// How long each of many like things took, one after the other. Prints the quantiles in
/// milliseconds, and how many a second that were; the first tenth is the warm-up.
class Latencies {
 public:
  explicit Latencies(std::int64_t count) { took_.reserve(static_cast<std::size_t>(count)); }

  template <class Function>
  void measure(Function&& function) {
    const auto started = std::chrono::steady_clock::now();
    function();
    took_.push_back(std::chrono::steady_clock::now() - started);
  }
  void report() {
    took_.erase(took_.begin(), took_.begin() + static_cast<std::ptrdiff_t>(took_.size() / 10));
    const auto all = std::accumulate(took_.begin(), took_.end(), Duration{});
    const double all_s = std::chrono::duration<double>(all).count();
    std::sort(took_.begin(), took_.end());
    const auto quantile_ms = [&](double quantile) {
      const auto last = static_cast<double>(took_.size() - 1);
      const auto took = took_[static_cast<std::size_t>(quantile * last)];
      return std::chrono::duration<double, std::milli>(took).count();
    };
    fmt::print("{{\"p50_ms\": {:.4f}, \"p99_ms\": {:.4f}, \"per_s\": {:.1f}}}\n", quantile_ms(0.5),
               quantile_ms(0.99), static_cast<double>(took_.size()) / all_s);
    (void)std::fflush(stdout);
  }

 private:
  using Duration = std::chrono::steady_clock::duration;

  std::vector<Duration> took_;
};

}  // namespace millrace::bench
