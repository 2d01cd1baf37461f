#include "tests/simulation/producer_actor.h"

#include <fmt/format.h>

#include <string>

namespace millrace::simulation {
namespace {

// Records carry event time of their own: ten a second, so that windows fill whatever the pace; and
// of the day before, so that no clock that jumps makes them come from the future.
constexpr std::int64_t kFirstTimestamp = 1'767'225'600'000 - 86'400'000;
constexpr std::int64_t kTimestampStep = 100;
constexpr Millis kPatience{180'000};

}  // namespace

ProducerActor::ProducerActor(RunState& run, int number) : run_(run), number_(number) {
  const std::string name = fmt::format("producer-{}", number);
  thread_ = run.world.host(name).start_thread("app", [this] { live(); });
}

void ProducerActor::live() {
  io::Env& env = run_.world.host(fmt::format("producer-{}", number_));
  client::Properties properties{
      {"bootstrap.servers", run_.bootstrap()},
      {"linger.ms", std::to_string(run_.scenario.linger.count())},
      {"compression.type", run_.scenario.compression},
      {"batch.size", "2000"},
      {"request.timeout.ms", "5000"},
      {"delivery.timeout.ms", std::to_string(run_.scenario.delivery_timeout.count())},
      {"max.block.ms", "30000"}};
  auto producer = client::Producer::create(properties, {}, &env);
  if (!producer.ok()) return run_.history.violated(producer.error().to_string());
  while (!run_.stops_producing && !run_.has_failed()) {
    send_one(*producer);
    const auto pause = static_cast<std::uint64_t>(run_.scenario.send_pause_max.count());
    run_.sleep(Millis{static_cast<std::int64_t>(run_.random().below(pause + 1))});
  }
  const Status flushed = producer->flush(kPatience);
  if (!flushed.ok() && producer->metrics().bytes_buffered > 0) {
    run_.history.violated(
        fmt::format("producer {} does not come to rest: {}", number_, flushed.error().to_string()));
  }
  (void)producer->close(kPatience);
}

void ProducerActor::send_one(client::Producer& producer) {
  const Sent sent{number_, next_sequence_++};
  const std::string value = sent.value();
  const std::string key =
      fmt::format("key-{}", run_.random().below(static_cast<std::uint64_t>(run_.scenario.keys)));
  const auto number = static_cast<std::int64_t>(sent.sequence);
  const bool sends_twice =
      run_.is_sabotaged_by(Sabotage::kProducersSendTwice) && sent.sequence % 50 == 49;
  if (sends_twice) (void)producer.send({.topic = kInputTopic, .key = key, .value = value});
  const auto queued = producer.send(
      {.topic = kInputTopic,
       .key = key,
       .value = value,
       .timestamp = Timestamp{kFirstTimestamp + number * kTimestampStep}},
      [this, sent](const Result<client::RecordMetadata>& written) {
        if (written.ok()) {
          run_.report(run_.ledger.acknowledged(sent, {kInputTopic, written->partition},
                                               written->offset, run_.history.now()));
        } else {
          run_.history.saw(
              fmt::format("{} may be lost: {}", sent.value(), written.error().to_string()));
        }
      });
  if (!queued.ok()) {
    run_.history.saw(fmt::format("{} was not taken: {}", value, queued.error().to_string()));
  }
}

}  // namespace millrace::simulation
