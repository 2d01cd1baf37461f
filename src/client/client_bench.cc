// What a record costs the client: CPU of the calling thread and of the I/O thread together, against
// a broker in another process.
//   MILLRACE_BENCH_BROKERS=127.0.0.1:9092 client_bench
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <cstdlib>
#include <string>

#include "client/admin.h"
#include "client/consumer.h"
#include "client/producer.h"
#include "io/env.h"

namespace millrace::client {
namespace {

constexpr int kRecords = 1'000'000;
constexpr int kValueBytes = 100;

double process_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Bench {
  std::unique_ptr<io::Env> env = io::make_system_env();
  Properties properties;

  static const char* brokers() { return std::getenv("MILLRACE_BENCH_BROKERS"); }

  explicit Bench(const std::string& topic) {
    properties.set("bootstrap.servers", brokers());
    auto admin = Admin::create(properties, *env);
    (void)(*admin)->create_topics({{.name = topic, .partitions = 4}});
  }
};

void produce(Bench& bench, benchmark::State& state, const std::string& topic,
             const std::string& codec, int count) {
  auto properties = bench.properties;
  properties.set("compression.type", codec).set("batch.size", "65536");
  auto producer = Producer::create(properties, *bench.env);
  const TopicHandle handle = (*producer)->topic(topic);
  std::string value(kValueBytes, 'v');
  std::string key = "key-00000000";
  for (int i = 0; i < count; ++i) {
    const int place = i % 1000;
    key[key.size() - 1] = static_cast<char>('0' + place % 10);
    key[key.size() - 2] = static_cast<char>('0' + place / 10 % 10);
    key[key.size() - 3] = static_cast<char>('0' + place / 100);
    value[static_cast<std::size_t>(place % kValueBytes)] = static_cast<char>('a' + i % 26);
    const auto sent = (*producer)->send(handle, {.topic = {}, .key = key, .value = value});
    if (!sent.ok()) state.SkipWithError(sent.error().to_string().c_str());
  }
  const auto flushed = (*producer)->flush();
  if (!flushed.ok()) state.SkipWithError(flushed.error().to_string().c_str());
}

void report(benchmark::State& state, double cpu_seconds, double records) {
  state.SetItemsProcessed(static_cast<std::int64_t>(records));
  state.counters["cpu_ns_per_record"] = cpu_seconds * 1e9 / records;
}

void produce_records(benchmark::State& state, const std::string& codec) {
  if (Bench::brokers() == nullptr) return state.SkipWithError("MILLRACE_BENCH_BROKERS is not set");
  Bench bench("bench-" + codec);
  const double before = process_cpu_seconds();
  for (auto _ : state) produce(bench, state, "bench-" + codec, codec, kRecords);
  report(state, process_cpu_seconds() - before, static_cast<double>(state.iterations()) * kRecords);
}

void consume_records(benchmark::State& state, const std::string& codec) {
  if (Bench::brokers() == nullptr) return state.SkipWithError("MILLRACE_BENCH_BROKERS is not set");
  const std::string topic = "bench-read-" + codec;
  Bench bench(topic);
  produce(bench, state, topic, codec, kRecords);
  auto properties = bench.properties;
  properties.set("auto.offset.reset", "earliest").set("max.poll.records", "10000");
  auto consumer = Consumer::create(properties, *bench.env);
  PartitionList partitions;
  for (std::int32_t i = 0; i < 4; ++i) partitions.push_back({topic, PartitionId{i}});
  (void)(*consumer)->assign(partitions);
  const double before = process_cpu_seconds();
  std::size_t bytes = 0;
  for (auto _ : state) {
    (void)(*consumer)->seek_to_beginning(partitions);
    for (std::size_t count = 0; count < kRecords;) {
      auto polled = (*consumer)->poll(Millis{1000});
      if (!polled.ok()) return state.SkipWithError(polled.error().to_string().c_str());
      for (const auto& part : *polled) {
        for (const RecordView& record : part.records) bytes += record.value->size();
      }
      count += polled->count();
    }
  }
  benchmark::DoNotOptimize(bytes);
  report(state, process_cpu_seconds() - before, static_cast<double>(state.iterations()) * kRecords);
}

BENCHMARK_CAPTURE(produce_records, none, "none")->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(produce_records, lz4, "lz4")->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(consume_records, none, "none")->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(consume_records, lz4, "lz4")->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace millrace::client
