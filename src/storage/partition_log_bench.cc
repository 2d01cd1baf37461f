// The log with the page cache, without syncs: nanoseconds a batch and bytes a second to append, and
// to read from the end (no disk read at all) and from the middle (index look-up and two reads).
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/check.h"
#include "base/random.h"
#include "io/posix_file_system.h"
#include "storage/log_cleaner.h"
#include "storage/testing/batches.h"

namespace millrace::storage {
namespace {

class LogBench : public benchmark::Fixture {
 public:
  void SetUp(const benchmark::State&) override {
    const char* const base = std::getenv("TMPDIR");
    directory_ = std::string(base == nullptr ? "/tmp" : base) + "/partition_log_bench_" +
                 std::to_string(::getpid());
    remove();
    LogConfig config;
    config.segment_bytes = std::int64_t{256} << 20;
    config.retention_bytes = std::int64_t{512} << 20;
    auto opened = PartitionLog::open(*files_, directory_ + "/t-0", config,
                                     {Timestamp{0}, PreviousStop::kClean, Offset{0}, Offset{0}});
    CHECK(opened.ok(), "{}", opened.error().message);
    log_ = std::move(opened).value();
  }
  void TearDown(const benchmark::State&) override {
    log_.reset();
    remove();
  }

 protected:
  void remove() { (void)files_->remove_all(directory_).ok(); }

  std::string batch_of(std::int64_t size) {
    return testing::make_batch({.values = {std::string(static_cast<std::size_t>(size), 'v')}});
  }

  /// A batch of at most `size` bytes of records, before `codec` has them. They are lines of about
  /// 100 bytes that compress to about a fifth.
  std::string batch_of_lines(std::int64_t size, wire::Compression codec) {
    constexpr std::int64_t kLineBytesMax = 128;  // with what a record has beside its value
    testing::BatchSpec spec{.values = {}, .compression = codec};
    std::int64_t bytes = 0;
    for (std::int64_t i = 0; bytes + kLineBytesMax <= size; ++i) {
      spec.values.push_back(
          fmt::format("10.0.{}.{} GET /shop/article/{} HTTP/1.1 200 {} Mozilla/5.0 "
                      "(X11; Linux x86_64) Firefox/128.0",
                      i % 7, i * 31 % 256, i * 7919 % 10000, i * 104729 % 50000));
      bytes += static_cast<std::int64_t>(spec.values.back().size()) + 16;
    }
    return testing::make_batch(spec);
  }

  void append(std::string& batch) {
    wire::patch_base_offset(batch.data(), Offset{0});
    const auto result = log_->append(batch, LeaderEpoch{0}, Timestamp{1000});
    CHECK(result.ok(), "{}", result.error().message);
    if (log_->take_sealed()) CHECK(log_->apply_retention(Timestamp{1000}).ok(), "retention");
  }

  std::unique_ptr<io::FileSystem> files_ = io::make_posix_file_system();
  std::string directory_;
  std::unique_ptr<PartitionLog> log_;
};

BENCHMARK_DEFINE_F(LogBench, append)(benchmark::State& state) {
  std::string batch = batch_of(state.range(0));
  for (auto _ : state) append(batch);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(batch.size()));
}

BENCHMARK_DEFINE_F(LogBench, append_lines)(benchmark::State& state) {
  std::string batch =
      batch_of_lines(state.range(0), static_cast<wire::Compression>(state.range(1)));
  for (auto _ : state) append(batch);
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

/// compression.type: 0 keeps what was sent, the others as the codecs are numbered.
BENCHMARK_DEFINE_F(LogBench, append_recompressed)(benchmark::State& state) {
  LogConfig config = *log_->config();
  if (state.range(1) > 0) config.compression = static_cast<wire::Compression>(state.range(1));
  log_->set_config(config);
  std::string batch =
      batch_of_lines(state.range(0), static_cast<wire::Compression>(state.range(2)));
  for (auto _ : state) append(batch);
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

BENCHMARK_DEFINE_F(LogBench, read_at_the_end)(benchmark::State& state) {
  std::string batch = batch_of(1024);
  for (int i = 0; i < 10000; ++i) append(batch);
  const Offset last = log_->log_end_offset() + -1;
  for (auto _ : state) {
    auto slice = log_->read(last, 1 << 20, MinOneBatch::kYes);
    benchmark::DoNotOptimize(slice->slice.size_bytes);
  }
}

BENCHMARK_DEFINE_F(LogBench, read_in_the_middle)(benchmark::State& state) {
  std::string batch = batch_of(1024);
  for (int i = 0; i < 100000; ++i) append(batch);
  std::int64_t at = 0;
  for (auto _ : state) {
    auto slice =
        log_->read(Offset{at}, static_cast<std::size_t>(state.range(0)), MinOneBatch::kYes);
    benchmark::DoNotOptimize(slice->slice.size_bytes);
    at = (at + 7919) % 90000;
  }
}

/// 1 M records of 100,000 keys, in batches of 100, compacted in one pass: CPU seconds, and the
/// memory of the keys. Making the log is not counted.
BENCHMARK_DEFINE_F(LogBench, compact)(benchmark::State& state) {
  constexpr std::uint64_t kKeys = 100'000;
  for (auto _ : state) {
    state.PauseTiming();
    TearDown(state);
    SetUp(state);
    LogConfig config = *log_->config();
    config.cleanup_policy_compact = true;
    config.cleanup_policy_delete = false;
    config.segment_bytes = std::int64_t{64} << 20;
    log_->set_config(config);
    Random random(1);
    wire::RecordBatchBuilder builder(
        {.compression = static_cast<wire::Compression>(state.range(0))});
    const std::string value(100, 'v');
    for (int i = 0; i < 1'000'000; ++i) {
      builder.append(Timestamp{1000}, fmt::format("key-{:012}", random.below(kKeys)), value);
      if (builder.count() < 100) continue;
      Buffer batch = builder.build();
      CHECK(
          log_->append(std::span(batch.data(), batch.size()), LeaderEpoch{0}, Timestamp{1000}).ok(),
          "append");
    }
    CHECK(log_->roll(Timestamp{1000}).ok() && log_->flush().ok(), "sealing");
    LogCleaner cleaner({}, Random(2));
    const WithWriter writer = [this](const auto& work) { return work(*log_); };
    state.ResumeTiming();
    const auto cleaned = cleaner.clean(writer, {}, Timestamp{2000});
    CHECK(cleaned.ok() && cleaned->has_value(), "cleaning");
    state.counters["bytes_before"] = static_cast<double>((*cleaned)->bytes_before);
    state.counters["bytes_after"] = static_cast<double>((*cleaned)->bytes_after);
  }
  state.SetItemsProcessed(state.iterations() * 1'000'000);
}

BENCHMARK_REGISTER_F(LogBench, append)
    ->ArgName("batch_bytes")
    ->Arg(100)
    ->Arg(16 << 10)
    ->Arg(1000000);
BENCHMARK_REGISTER_F(LogBench, append_lines)
    ->ArgNames({"batch_bytes", "codec"})
    ->ArgsProduct({{16 << 10, 1000000}, {0, 1, 2, 3, 4}});
BENCHMARK_REGISTER_F(LogBench, append_recompressed)
    ->ArgNames({"batch_bytes", "codec", "sent"})
    ->ArgsProduct({{16 << 10, 1000000}, {0, 1, 2, 3, 4}, {0}})
    ->Args({16 << 10, 4, 3});
BENCHMARK_REGISTER_F(LogBench, compact)
    ->ArgName("codec")
    ->Arg(0)
    ->Arg(3)
    ->Iterations(1)
    ->Unit(benchmark::kSecond);
BENCHMARK_REGISTER_F(LogBench, read_at_the_end);
BENCHMARK_REGISTER_F(LogBench, read_in_the_middle)
    ->ArgName("bytes_max")
    ->Arg(64 << 10)
    ->Arg(1000000);

}  // namespace
}  // namespace millrace::storage
