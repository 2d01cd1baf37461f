// Measures the time from send() to poll() through a broker, at a steady rate: one thread sends,
// each record with its time in it, and another consumes. Prints the quantiles of what came after
// the warm-up, in milliseconds.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "bench/load.h"
#include "client/consumer.h"
#include "client/producer.h"

namespace millrace::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Millis kPatience{30'000};

struct Pace {
  std::string brokers;
  std::string topic;
  std::int64_t records_per_s = 0;
  std::size_t value_bytes = 0;
  std::int64_t warm_up_records = 0;
  std::int64_t records = 0;  // the warm-up included
};

Pace pace_from(int argc, char** argv) {
  if (argc != 7) {
    fmt::print(stderr, "wanted: {} BROKERS TOPIC RECORDS_PER_S VALUE_BYTES WARM_UP_S SECONDS\n",
               argv[0]);
    std::exit(2);
  }
  Pace pace{.brokers = argv[1],
            .topic = argv[2],
            .records_per_s = std::atoll(argv[3]),
            .value_bytes = static_cast<std::size_t>(std::atoll(argv[4]))};
  if (pace.value_bytes < sizeof(std::int64_t)) fail("a value must have room for its time");
  pace.warm_up_records = pace.records_per_s * std::atoll(argv[5]);
  pace.records = pace.warm_up_records + pace.records_per_s * std::atoll(argv[6]);
  return pace;
}

std::int64_t now_ns() {
  return std::chrono::nanoseconds(SteadyClock::now().time_since_epoch()).count();
}

/// send() does not wait for the broker.
void produce(const Pace& pace, client::Producer& producer) {
  const client::TopicHandle topic = producer.topic(pace.topic);
  if (const auto count = producer.partition_count(pace.topic); !count.ok()) {
    fail(count.error().message);
  }
  std::string value = value_of(pace.value_bytes);
  at_rate(pace.records, pace.records_per_s, [&](std::int64_t /*index*/) {
    const std::int64_t sent_ns = now_ns();
    std::memcpy(value.data(), &sent_ns, sizeof(sent_ns));
    const auto sent = producer.send(topic, {.topic = pace.topic, .value = value});
    if (!sent.ok()) fail(sent.error().message);
  });
  if (const auto flushed = producer.flush(); !flushed.ok()) fail(flushed.error().message);
}

/// The latency of each record after the warm-up, in nanoseconds.
std::vector<std::int64_t> consume(const Pace& pace, client::Consumer& consumer) {
  std::vector<std::int64_t> latencies_ns;
  latencies_ns.reserve(static_cast<std::size_t>(pace.records));
  std::int64_t received = 0;
  while (received < pace.records) {
    const auto polled = consumer.poll(kPatience);
    if (!polled.ok()) fail(polled.error().message);
    if (polled->empty()) fail(fmt::format("no record came after {} of them", received));
    const std::int64_t polled_ns = now_ns();
    for (const auto& part : *polled) {
      for (const RecordView& record : part.records) {
        std::int64_t sent_ns = 0;
        std::memcpy(&sent_ns, record.value->data(), sizeof(sent_ns));
        if (received++ >= pace.warm_up_records) latencies_ns.push_back(polled_ns - sent_ns);
      }
    }
  }
  return latencies_ns;
}

client::Consumer open_consumer(const Pace& pace, io::Env& env) {
  auto consumer = client::Consumer::create(
      {{"bootstrap.servers", pace.brokers}, {"enable.auto.commit", "false"}}, {}, &env);
  if (!consumer.ok()) fail(consumer.error().message);
  const auto count = consumer->partition_count(pace.topic);
  if (!count.ok()) fail(count.error().message);
  client::PartitionList partitions;
  for (std::int32_t id = 0; id < *count; ++id) partitions.push_back({pace.topic, PartitionId{id}});
  auto status = consumer->assign(partitions);
  if (status.ok()) status = consumer->seek_to_beginning(partitions);
  if (!status.ok()) fail(status.error().message);
  return std::move(consumer).value();
}

void report(std::vector<std::int64_t> latencies_ns) {
  std::sort(latencies_ns.begin(), latencies_ns.end());
  const auto quantile_ms = [&](double quantile) {
    const auto last = static_cast<double>(latencies_ns.size() - 1);
    return static_cast<double>(latencies_ns[static_cast<std::size_t>(quantile * last)]) / 1e6;
  };
  fmt::print("{{\"records\": {}, \"p50\": {:.3f}, \"p99\": {:.3f}, \"p99.9\": {:.3f}}}\n",
             latencies_ns.size(), quantile_ms(0.5), quantile_ms(0.99), quantile_ms(0.999));
}

}  // namespace
}  // namespace millrace::bench

int main(int argc, char** argv) {
  using namespace millrace;
  const auto pace = bench::pace_from(argc, argv);
  const auto env = io::make_system_env();
  auto consumer = bench::open_consumer(pace, *env);
  auto producer = client::Producer::create(
      {{"bootstrap.servers", pace.brokers}, {"acks", "all"}, {"linger.ms", "0"}}, {}, env.get());
  if (!producer.ok()) bench::fail(producer.error().message);

  std::thread sender([&] { bench::produce(pace, *producer); });
  auto latencies_ns = bench::consume(pace, consumer);
  sender.join();
  bench::report(std::move(latencies_ns));
}
