#include "tests/simulation/producer_actor.h"

#include <fmt/format.h>

#include <string>

#include "tests/simulation/sending.h"

namespace millrace::simulation {
namespace {

// Records carry event time of their own: ten a second, so that windows fill whatever the pace; and
// of the day before, so that no clock that jumps makes them come from the future.
constexpr std::int64_t kFirstTimestamp = 1'767'225'600'000 - 86'400'000;
constexpr std::int64_t kTimestampStep = 100;

}  // namespace

ProducerActor::ProducerActor(RunState& run, int number) : run_(run), number_(number) {
  const std::string name = fmt::format("producer-{}", number);
  thread_ = run.world.host(name).start_thread("app", [this, name] {
    send_while_wanted(run_, name,
                      {.one = [this](client::Producer& producer) { send_one(producer); }});
  });
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
