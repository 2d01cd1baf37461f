// What a broker that shares its flushes cannot be faster than: appends what comes at a steady rate
// to a file and flushes it, and begins the next flush, of all that came meanwhile, as soon as one
// has ended. Prints how long the flushes after the warm-up took, in milliseconds.
//   disk_load FILE RECORDS_PER_S RECORD_BYTES WARM_UP_S SECONDS
#include <chrono>
#include <string>
#include <thread>

#include "bench/bare_file.h"
#include "bench/load.h"

namespace millrace::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct Flow {
  std::int64_t records_per_s = 0;
  std::size_t record_bytes = 0;
};

/// Returns when `seconds` are over.
template <class Measure>
void flush_for(std::int64_t seconds, const Flow& flow, BareFile& file, Measure&& measure) {
  const auto started = SteadyClock::now();
  std::int64_t appended = 0;
  const auto come = [&] {
    return (SteadyClock::now() - started) / std::chrono::nanoseconds(1) * flow.records_per_s /
           1'000'000'000;
  };
  while (appended < flow.records_per_s * seconds) {
    const std::int64_t due = come() - appended;
    if (due == 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(10));
      continue;
    }
    file.append(std::string(static_cast<std::size_t>(due) * flow.record_bytes, 'x'));
    appended += due;
    measure([&] { file.sync(); });
  }
}

}  // namespace
}  // namespace millrace::bench

int main(int argc, char** argv) {
  using namespace millrace::bench;
  if (argc != 6) {
    fmt::print(stderr, "wanted: {} FILE RECORDS_PER_S RECORD_BYTES WARM_UP_S SECONDS\n", argv[0]);
    return 2;
  }
  const Flow flow{std::atoll(argv[2]), static_cast<std::size_t>(std::atoll(argv[3]))};
  BareFile file(argv[1]);
  flush_for(std::atoll(argv[4]), flow, file, [](auto&& flush) { flush(); });
  Latencies flushes(flow.records_per_s);
  flush_for(std::atoll(argv[5]), flow, file, [&](auto&& flush) { flushes.measure(flush); });
  flushes.report();
  return 0;
}
