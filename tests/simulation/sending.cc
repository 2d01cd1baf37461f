#include "tests/simulation/sending.h"

#include <fmt/format.h>

namespace millrace::simulation {
namespace {

constexpr Millis kPatience{180'000};

client::Properties properties_of(const RunState& run) {
  return {{"bootstrap.servers", run.bootstrap()},
          {"linger.ms", std::to_string(run.scenario.linger.count())},
          {"compression.type", run.scenario.compression},
          {"batch.size", "2000"},
          {"request.timeout.ms", "5000"},
          {"delivery.timeout.ms", std::to_string(run.scenario.delivery_timeout.count())},
          {"max.block.ms", "30000"}};
}

}  // namespace

void send_while_wanted(RunState& run, const std::string& name, const Sending& sending) {
  auto producer = client::Producer::create(properties_of(run), {}, &run.world.host(name));
  if (!producer.ok()) return run.history.violated(producer.error().to_string());
  while (!run.stops_producing && !run.has_failed()) {
    sending.one(*producer);
    const auto pause = static_cast<std::uint64_t>(run.scenario.send_pause_max.count());
    run.sleep(Millis{static_cast<std::int64_t>(run.random().below(pause + 1))});
  }
  sending.last(*producer);
  const Status flushed = producer->flush(kPatience);
  if (!flushed.ok() && producer->metrics().bytes_buffered > 0) {
    run.history.violated(
        fmt::format("{} does not come to rest: {}", name, flushed.error().to_string()));
  }
  (void)producer->close(kPatience);
}

}  // namespace millrace::simulation
