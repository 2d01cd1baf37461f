// The stream engine at work on bids as JSON, in the form that bench/peers/kafka_streams has as
// well.
//   streams_load generate BROKERS TOPIC RECORDS
//   streams_load filter|window BROKERS TOPIC RECORDS    reads TOPIC, writes TOPIC-MODE-out-…
// filter  parses each bid and passes on those whose auction number divides by 123
// window  parses each bid and keeps the highest price by auction and tumbling ten seconds
#include <simdjson.h>

#include <array>
#include <cstring>
#include <string>
#include <thread>

#include "bench/bids.h"
#include "bench/load.h"
#include "client/admin.h"
#include "client/producer.h"
#include "streams/streams_app.h"
#include "streams/streams_builder.h"

namespace millrace::bench {
namespace {

constexpr Millis kWindow{10'000};
constexpr std::int64_t kFirstTimeMs = 1'700'000'000'000;
constexpr std::int64_t kBidsPerMs = 10;

/// The two fields that the topologies use; the rest of the bid is skipped, not built.
class BidParser {
 public:
  Bid parse(std::string_view json) {
    if (json.size() + simdjson::SIMDJSON_PADDING > padded_.size())
      fail("a bid is larger than 4 KiB");
    std::memcpy(padded_.data(), json.data(), json.size());
    Bid bid;
    auto document = parser_.iterate(padded_.data(), json.size(), padded_.size());
    if (document["auction"].get_int64().get(bid.auction) != simdjson::SUCCESS ||
        document["price"].get_int64().get(bid.price) != simdjson::SUCCESS) {
      fail("a bid that does not parse");
    }
    return bid;
  }

 private:
  std::array<char, 4096> padded_{};
  simdjson::ondemand::parser parser_;
};

Bid parse_bid(std::string_view json) {
  thread_local BidParser parser;
  return parser.parse(json);
}

void generate(const Load& load, io::Env& env) {
  auto producer = client::Producer::create({{"bootstrap.servers", load.brokers},
                                            {"linger.ms", "20"},
                                            {"batch.size", "262144"},
                                            {"compression.type", "lz4"}},
                                           {}, &env);
  if (!producer.ok()) fail(producer.error().message);
  Random random(7);
  std::string json;
  const client::TopicHandle topic = producer->topic(load.topic);
  for (std::int64_t i = 0; i < load.records; ++i) {
    const std::int64_t time_ms = kFirstTimeMs + i / kBidsPerMs;
    const std::string key = fmt::to_string(write_bid(i, time_ms, random, json));
    const auto sent = producer->send(
        topic, {.topic = load.topic, .key = key, .value = json, .timestamp = Timestamp{time_ms}});
    if (!sent.ok()) fail(sent.error().message);
  }
  if (const auto flushed = producer->flush(); !flushed.ok()) fail(flushed.error().message);
}

Result<streams::Topology> make_topology(const Load& load, const std::string& output) {
  streams::StreamsBuilder builder;
  const auto bids = builder.stream<std::string_view, std::string_view>(load.topic);
  if (load.mode == "filter") {
    bids.filter([](std::string_view, std::string_view json) {
          return parse_bid(json).auction % kFilterModulus == 0;
        })
        .to(output);
  } else {
    bids.map_values([](std::string_view json) { return parse_bid(json).price; })
        .group_by_key()
        .windowed_by(streams::TumblingWindows::of_size(kWindow).grace(kWindow))
        .aggregate([] { return std::int64_t{0}; },
                   [](std::string_view, std::int64_t price, std::int64_t highest) {
                     return std::max(price, highest);
                   },
                   {.store_name = "highest"})
        .to_stream()
        .to(output);
  }
  return builder.build();
}

/// Processes `load.records` and reports the rate from the first quarter on, as the peer does.
void run(const Load& load, io::Env& env) {
  const std::string name =
      fmt::format("{}-{}-out-{}", load.topic, load.mode, env.make_random().next() % 1'000'000);
  auto admin = client::Admin::create({{"bootstrap.servers", load.brokers}}, &env);
  if (!admin.ok()) fail(admin.error().message);
  const auto created =
      admin->create_topics({{.name = name, .partitions = 4, .configs = {{"retention.ms", "-1"}}}});
  if (!created.ok()) fail(created.error().message);

  auto topology = make_topology(load, name);
  if (!topology.ok()) fail(topology.error().message);
  auto app = streams::StreamsApp::create(*std::move(topology),
                                         {{"application.id", name},
                                          {"bootstrap.servers", load.brokers},
                                          {"num.stream.threads", "1"},
                                          {"producer.compression.type", "lz4"},
                                          {"producer.linger.ms", "100"}},
                                         &env);
  if (!app.ok()) fail(app.error().message);
  if (const auto started = app->start(); !started.ok()) fail(started.error().message);

  const auto processed = [&] {
    if (app->state() == streams::AppState::kError) fail(app->failure()->message);
    return static_cast<std::int64_t>(app->metrics().tasks.records_processed);
  };
  while (processed() < load.records / 4) std::this_thread::sleep_for(Millis{5});
  const std::int64_t before = processed();
  const Stopwatch stopwatch;
  while (processed() < load.records) std::this_thread::sleep_for(Millis{5});
  stopwatch.report(load.records - before);
  if (const auto stopped = app->stop(); !stopped.ok()) fail(stopped.error().message);
}

}  // namespace
}  // namespace millrace::bench

int main(int argc, char** argv) {
  using namespace millrace::bench;
  if (argc != 5) {
    fmt::print(stderr, "wanted: {} generate|filter|window BROKERS TOPIC RECORDS\n", argv[0]);
    return 2;
  }
  const Load load{.mode = argv[1],
                  .brokers = argv[2],
                  .topic = argv[3],
                  .records = std::atoll(argv[4]),
                  .value_bytes = 0,
                  .codec = "lz4"};
  const auto env = millrace::io::make_system_env();
  if (load.mode == "generate") {
    generate(load, *env);
  } else {
    run(load, *env);
  }
  return 0;
}
