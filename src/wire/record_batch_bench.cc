// Nanoseconds a record to encode into and decode from a batch of 1000. Goals: 50 and 25 for records
// of 100 bytes without compression.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "wire/crc32c.h"
#include "wire/record_batch.h"
#include "wire/record_batch_builder.h"
#include "wire/record_walk.h"

namespace millrace::wire {
namespace {

constexpr std::int64_t kRecordCount = 1000;

/// Words from a small vocabulary: compresses about as well as log lines do.
std::vector<std::string> make_values(std::size_t size) {
  Random random(1);
  std::vector<std::string> values(kRecordCount);
  for (std::string& value : values) {
    while (value.size() < size) value += "field" + std::to_string(random.below(1000)) + '=';
    value.resize(size);
  }
  return values;
}

void fill(RecordBatchBuilder& builder, const std::vector<std::string>& values) {
  constexpr std::string_view kKeys[] = {"user-0001", "user-02", "user-003-long"};
  for (std::size_t i = 0; i < values.size(); ++i) {
    builder.append(Timestamp{1700000000000 + static_cast<std::int64_t>(i)}, kKeys[i % 3],
                   values[i]);
  }
}

void per_record(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * kRecordCount);
  state.counters["ns_per_record"] =
      benchmark::Counter(static_cast<double>(state.iterations() * kRecordCount) * 1e-9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void encode(benchmark::State& state) {
  const auto values = make_values(static_cast<std::size_t>(state.range(0)));
  BatchOptions options;
  options.compression = static_cast<Compression>(state.range(1));
  RecordBatchBuilder builder(options, std::size_t{2} << 20U);
  for (auto _ : state) {
    fill(builder, values);
    Buffer batch = builder.build();
    benchmark::DoNotOptimize(batch.data());
    builder.recycle(std::move(batch));
  }
  per_record(state);
}

void decode(benchmark::State& state) {
  BatchOptions options;
  options.compression = static_cast<Compression>(state.range(1));
  RecordBatchBuilder builder(options);
  fill(builder, make_values(static_cast<std::size_t>(state.range(0))));
  const Buffer batch = builder.build();
  Buffer scratch;
  for (auto _ : state) {
    auto reader = BatchReader::open(batch.view(), scratch);
    std::size_t bytes = 0;
    RecordView record;
    while (reader->next(record)) bytes += record.key->size() + record.value->size();
    benchmark::DoNotOptimize(bytes);
  }
  per_record(state);
}

void check_again_and_again(benchmark::State& state, const Buffer& batch) {
  const BatchHeader header = read_batch_header(batch.view()).value();
  for (auto _ : state) {
    InflationBudget budget;
    CHECK(check_records(batch.view(), header, {}, budget).ok(), "a sound batch");
  }
}

/// What a broker asks of a batch before it keeps it.
void check(benchmark::State& state) {
  BatchOptions options;
  options.compression = static_cast<Compression>(state.range(1));
  RecordBatchBuilder builder(options);
  fill(builder, make_values(static_cast<std::size_t>(state.range(0))));
  check_again_and_again(state, builder.build());
  per_record(state);
}

/// The same of all that one short request may inflate: how long that keeps a loop busy. In records
/// as small as can be, so that they are as many as can be, or in lines.
void check_64_mib(benchmark::State& state) {
  constexpr std::size_t kInflatedBytes = std::size_t{64} << 20U;
  constexpr std::size_t kOverheadBytes = 10;
  BatchOptions options;
  options.compression = static_cast<Compression>(state.range(1));
  RecordBatchBuilder builder(options);
  const auto values = make_values(static_cast<std::size_t>(state.range(0)));
  for (std::size_t i = 0; builder.size_bytes() + values[0].size() + kOverheadBytes < kInflatedBytes;
       ++i) {
    builder.append(Timestamp{1700000000000}, std::nullopt, values[i % values.size()]);
  }
  check_again_and_again(state, builder.build());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kInflatedBytes));
}

void crc(benchmark::State& state) {
  const std::string bytes(static_cast<std::size_t>(state.range(0)), 'c');
  for (auto _ : state) benchmark::DoNotOptimize(crc32c(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void sizes_and_codecs(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"value_bytes", "codec"});
  for (const auto codec : {Compression::kNone, Compression::kLz4}) {
    for (const std::int64_t size : {100, 1024}) {
      bench->Args({size, static_cast<std::int64_t>(codec)});
    }
  }
}

BENCHMARK(encode)->Apply(sizes_and_codecs);
BENCHMARK(decode)->Apply(sizes_and_codecs);
BENCHMARK(check)->ArgNames({"value_bytes", "codec"})->ArgsProduct({{100, 1024}, {0, 1, 2, 3, 4}});
BENCHMARK(check_64_mib)
    ->ArgNames({"value_bytes", "codec"})
    ->ArgsProduct({{0, 100}, {0, 1, 2, 3, 4}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(crc)->Arg(100)->Arg(16 << 10)->Arg(1 << 20);

}  // namespace
}  // namespace millrace::wire
