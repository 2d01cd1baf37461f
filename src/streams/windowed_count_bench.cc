// Windowed updates a second of one task on one core: read the batch, decode, window, update, emit.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "streams/runtime/task.h"
#include "streams/streams_builder.h"
#include "wire/record_batch.h"
#include "wire/record_batch_builder.h"

namespace millrace::streams {
namespace {

constexpr std::int64_t kRecords = 1'000'000;
constexpr std::int32_t kBatch = 1000;
constexpr std::uint64_t kRecordsPerCommit = 100'000;
constexpr std::int64_t kMinuteMs = 60'000;

using Text = std::string_view;

/// Takes records and does nothing with them.
class Discard final : public RecordCollector {
 public:
  OutputTopic topic(std::string_view /*name*/) override { return OutputTopic{0}; }
  void send(OutputTopic /*topic*/, const OutputRecord& record) override {
    benchmark::DoNotOptimize(record.value);
    ++count;
  }
  Offset acknowledged_end(OutputTopic /*topic*/, PartitionId /*partition*/) const override {
    return kNoOffset;
  }
  std::uint64_t count = 0;
};

/// Record batches as they are fetched. Keys of 12 to 13 bytes and values of 100, one record a
/// millisecond, out of order by up to a minute.
class Input {
 public:
  explicit Input(std::uint64_t keys) {
    Random random(7);
    wire::RecordBatchBuilder builder;
    for (std::int64_t i = 0; i < kRecords; ++i) {
      const std::string key = "client-" + std::to_string(10'000 + random.below(keys));
      const auto time = i + kMinuteMs - static_cast<std::int64_t>(random.below(kMinuteMs));
      builder.append(Timestamp{time}, key, value_, std::span<const HeaderView>{});
      if (builder.count() == kBatch) batches_.push_back(builder.build());
    }
  }
  const std::vector<Buffer>& batches() const { return batches_; }

 private:
  std::string value_ = std::string(100, 'v');
  std::vector<Buffer> batches_;
};

/// Reads each batch into views, as a consumer does, and gives it to the task.
void feed(Task& task, const Input& input) {
  Buffer scratch;
  std::vector<RecordView> records;
  for (const Buffer& bytes : input.batches()) {
    auto reader = wire::BatchReader::open(bytes.view(), scratch);
    CHECK(reader.ok(), "the benchmark's input is sound");
    records.clear();
    RecordView record;
    while (reader->next(record)) records.push_back(record);
    task.add({"in", records, Offset{0}});
    const Status status = task.process(MonotonicTime{});
    CHECK(status.ok(), "the benchmark's input is sound");
    if (task.metrics().records_processed % kRecordsPerCommit == 0) {
      CHECK(task.write_changelogs().ok() && task.commit_done().ok(), "RAM stores do not fail");
    }
  }
}

Topology windowed_count(EmitStrategy emit) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .group_by_key()
      .windowed_by(TumblingWindows::of_size(Millis{kMinuteMs}).grace(Millis{kMinuteMs}))
      .emit_strategy(emit)
      .count({.store_name = "counts"})
      .to_stream()
      .to("out");
  return builder.build().value();
}

void run(benchmark::State& state, EmitStrategy emit) {
  const Input input(static_cast<std::uint64_t>(state.range(0)));
  const Topology topology = windowed_count(emit);
  for (auto _ : state) {
    Discard collector;
    const auto task =
        Task::create(topology.plans()[0], TaskId{}, {.application_id = "bench"}, collector).value();
    CHECK(task->start().ok(), "RAM stores do not fail");
    feed(*task, input);
    benchmark::DoNotOptimize(collector.count);
  }
  state.SetItemsProcessed(state.iterations() * kRecords);
}

void windowed_count_on_update(benchmark::State& state) {
  run(state, EmitStrategy::kOnWindowUpdate);
}
void windowed_count_on_close(benchmark::State& state) {
  run(state, EmitStrategy::kOnWindowClose);
}
BENCHMARK(windowed_count_on_update)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK(windowed_count_on_close)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

void stateless_filter_and_map(benchmark::State& state) {
  const Input input(1000);
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .filter([](Text key, Text) { return key.back() != '0'; })
      .map_values([](Text value) { return value.substr(0, 10); })
      .to("out");
  const Topology topology = builder.build().value();
  for (auto _ : state) {
    Discard collector;
    const auto task =
        Task::create(topology.plans()[0], TaskId{}, {.application_id = "bench"}, collector).value();
    CHECK(task->start().ok(), "RAM stores do not fail");
    feed(*task, input);
    benchmark::DoNotOptimize(collector.count);
  }
  state.SetItemsProcessed(state.iterations() * kRecords);
}
BENCHMARK(stateless_filter_and_map)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace millrace::streams
