#include "tests/simulation/stream_actor.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "streams/serde.h"
#include "streams/streams_builder.h"

namespace millrace::simulation {
namespace {

constexpr Millis kWindow{5'000};
constexpr Millis kPatience{240'000};

streams::Topology count_windows(bool loses_records) {
  using Text = std::string_view;
  streams::StreamsBuilder builder;
  auto input = builder.stream<Text, Text>(kInputTopic);
  if (loses_records) input = input.filter([](Text, Text value) { return value.back() != '7'; });
  input.group_by_key()
      .windowed_by(streams::TumblingWindows::of_size(kWindow).grace(std::chrono::hours{24 * 365}))
      .count({.store_name = "counts"})
      .to_stream()
      .to(kCountTopic);
  return builder.build().value();
}

}  // namespace

void count_reference(WindowCounts& counts, const RecordView& record) {
  const std::int64_t start = record.timestamp.value() / kWindow.count() * kWindow.count();
  ++counts[{std::string(record.key.value_or("")), start}];
}

void CountsSeen::take(const RecordView& record) {
  const streams::WindowedSerde<std::string> key_serde(streams::AnySerde<std::string>(), kWindow);
  const auto key = key_serde.decode(record.key.value_or(""));
  const auto count = streams::AnySerde<std::int64_t>().decode(record.value);
  if (!key.ok() || !count.ok()) return;  // a count that is not understood is one that is missing
  const WindowCounts::key_type window{key->key, key->window.start.value()};
  latest[window] = *count;
  largest[window] = std::max(largest[window], *count);
}

StreamActor::~StreamActor() = default;

void StreamActor::start() {
  constexpr int kAttempts = 60;
  const std::string host = fmt::format("stream-{}", ++life_);
  client::Properties properties{
      {"bootstrap.servers", run_.bootstrap()},
      {"application.id", "counter"},
      {"num.stream.threads", std::to_string(run_.scenario.stream_threads)},
      {"commit.interval.ms", "2000"},
      {"consumer.session.timeout.ms", "6000"},
      {"consumer.heartbeat.interval.ms", "1000"},
      {"request.timeout.ms", "5000"},
      {"default.api.timeout.ms", "10000"}};
  for (int attempt = 1; attempt <= kAttempts && !run_.has_failed(); ++attempt) {
    auto app = streams::StreamsApp::create(
        count_windows(run_.is_sabotaged_by(Sabotage::kStreamLosesRecords)), properties,
        &run_.world.host(host));
    if (!app.ok()) return run_.history.violated(app.error().to_string());
    const Status started = app->start();
    if (started.ok()) {
      run_.history.did(host + " counts");
      app_ = std::make_unique<streams::StreamsApp>(std::move(app).value());
      return;
    }
    run_.history.saw(fmt::format("{} does not start: {}", host, started.error().to_string()));
    run_.sleep(std::chrono::seconds{2});
  }
  run_.history.violated("the stream application does not start any more");
}

void StreamActor::restart_if_failed() {
  if (app_ == nullptr) return start();
  const auto failure = app_->failure();
  if (!failure) return;
  run_.history.did("the stream application failed: " + failure->to_string());
  is_exact_ = false;
  app_.reset();
  start();
}

void StreamActor::crash() {
  if (app_ == nullptr) return;
  run_.history.did("the stream application dies");
  is_exact_ = false;
  run_.world.crash(fmt::format("stream-{}", life_), sim::SimNetwork::Kernel::kLivesOn);
  undertakers_.push_back(
      run_.world.host("graveyard")
          .start_thread("undertaker", [ghost = std::shared_ptr<streams::StreamsApp>(
                                           std::move(app_))]() mutable { ghost.reset(); }));
}

void StreamActor::finish() {
  for (int attempt = 1; attempt <= 3 && !run_.has_failed(); ++attempt) {
    restart_if_failed();
    if (app_ == nullptr) return;
    const Status done = app_->wait_until_caught_up(kPatience);
    if (done.ok()) break;
    run_.history.saw("the stream application did not catch up: " + done.error().to_string());
    if (attempt == 3)
      run_.history.violated("the stream application does not come to rest: " +
                            done.error().to_string());
  }
  (void)app_->stop();
  app_.reset();
}

}  // namespace millrace::simulation
