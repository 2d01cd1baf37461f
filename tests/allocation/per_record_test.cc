// Nothing on a record's way takes memory for that record: not the batch that it is encoded into,
// not the producer, not the views that a consumer gets, not a stream's task. Memory is taken per
// batch.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "client/consumer/fetched_records.h"
#include "client/producer/record_accumulator.h"
#include "io/env.h"
#include "streams/runtime/task.h"
#include "streams/streams_builder.h"
#include "tests/allocation/counted_new.h"
#include "wire/record_batch.h"
#include "wire/record_batch_builder.h"

namespace millrace::allocation {
namespace {

using Text = std::string_view;

constexpr int kRecords = 100'000;
constexpr int kPerBatch = 1000;
constexpr std::uint64_t kBatches = kRecords / kPerBatch;
constexpr std::uint64_t kPerBatchMax = 20;  // allocations; far below one a record

const std::string kValue(100, 'v');

/// Keys as few as make every one of them an update after the first batch.
std::string key_of(int number) {
  return "client-number-" + std::to_string(100 + number % 100);
}

std::vector<Buffer> batches(wire::Compression compression) {
  wire::RecordBatchBuilder builder({.compression = compression});
  std::vector<Buffer> made;
  for (int i = 0; i < kRecords; ++i) {
    builder.append(Timestamp{i / 1000}, key_of(i), kValue);
    if (builder.count() < kPerBatch) continue;
    made.push_back(builder.build());
    builder.options().base_offset = Offset{i + 1};
  }
  return made;
}

TEST(AllocationCount, CountsWhatIsTaken) {
  EXPECT_EQ(allocations_of([] { std::vector<int>(100).at(0) = 1; }), 1U);
  EXPECT_EQ(allocations_of([] {}), 0U);
}

TEST(NoAllocationPerRecord, InABatchThatIsBuilt) {
  const std::string key = key_of(0);
  const std::vector<HeaderView> headers{{"name", "value"}};
  wire::RecordBatchBuilder builder({}, kPerBatch * 200);
  const auto taken = allocations_of([&] {
    for (int i = 0; i < kRecords; ++i) {
      builder.append(Timestamp{i}, key, kValue, headers);
      if (builder.count() == kPerBatch) builder.recycle(builder.build());
    }
  });
  EXPECT_LE(taken, kBatches * kPerBatchMax);
}

TEST(NoAllocationPerRecord, InTheProducer) {
  client::ProducerConfig config;
  const auto env = io::make_system_env();
  client::RecordAccumulator accumulator(config, *env);
  client::ProducerTopic topic("t", static_cast<std::size_t>(config.batch_size_bytes));
  accumulator.set_partition_count(topic, 4);
  const std::string key = key_of(0);
  std::uint64_t batch_count = 0;
  const auto taken = allocations_of([&] {
    for (int i = 0; i < kRecords; ++i) {
      const auto appended = accumulator.append(
          &topic, {.topic = "t", .key = key, .value = kValue, .timestamp = Timestamp{i}},
          env->clock());
      ASSERT_EQ(appended.outcome, client::RecordAccumulator::Outcome::kAppended);
      if (i % kPerBatch != 0) continue;
      for (const auto& left :
           accumulator.take_due(env->clock().monotonic(), [](auto&, auto) { return true; })) {
        accumulator.finish(left.batch->id, left.batch->budget_bytes);
        ++batch_count;
      }
    }
  });
  EXPECT_GT(batch_count, 100U);
  EXPECT_LE(taken, batch_count * kPerBatchMax);
}

class WhatAConsumerGets : public testing::TestWithParam<wire::Compression> {};

TEST_P(WhatAConsumerGets, TakesNoMemoryPerRecord) {
  const auto made = batches(GetParam());
  std::vector<RecordView> records;
  records.reserve(kPerBatch);
  std::vector<SharedBuffer> keep_alive;
  std::uint64_t count = 0;
  std::uint64_t taken = 0;
  for (const Buffer& batch : made) {
    client::FetchedPart part;
    part.frame = std::make_shared<const Buffer>(Buffer::copy_of(batch.view()));
    part.records = part.frame->view();
    part.from = wire::read_batch_header(part.records)->base_offset;
    taken += allocations_of([&] {
      client::FetchedRecords fetched(std::move(part), {});
      ASSERT_TRUE(fetched.read(kPerBatch, records, keep_alive).ok());
    });
    count += records.size();
    records.clear();
    keep_alive.clear();
  }
  EXPECT_EQ(count, static_cast<std::uint64_t>(kRecords));
  EXPECT_LE(taken, kBatches * kPerBatchMax);
}

INSTANTIATE_TEST_SUITE_P(Codecs, WhatAConsumerGets,
                         testing::Values(wire::Compression::kNone, wire::Compression::kLz4,
                                         wire::Compression::kZstd));

/// Takes what a task emits and looks at nothing.
class Discard final : public streams::RecordCollector {
 public:
  streams::OutputTopic topic(std::string_view /*name*/) override { return streams::OutputTopic{0}; }
  void send(streams::OutputTopic /*topic*/, const streams::OutputRecord& /*record*/) override {
    ++count;
  }
  Offset acknowledged_end(streams::OutputTopic /*topic*/, PartitionId /*id*/) const override {
    return kNoOffset;
  }
  std::uint64_t count = 0;
};

TEST(NoAllocationPerRecord, InAStreamThatFiltersAndCountsByWindow) {
  streams::StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .filter([](Text key, Text) { return !key.empty(); })
      .group_by_key()
      .windowed_by(streams::TumblingWindows::of_size(Millis{60'000}))
      .count({.store_name = "counts"})
      .to_stream()
      .to("out");
  const auto topology = builder.build();
  ASSERT_TRUE(topology.ok()) << topology.error().message;
  Discard collector;
  const auto task = streams::Task::create(topology->plans()[0], streams::TaskId{},
                                          {.application_id = "a"}, collector)
                        .value();
  ASSERT_TRUE(task->start().ok());
  const auto made = batches(wire::Compression::kNone);
  std::vector<RecordView> records;
  records.reserve(kPerBatch);
  std::uint64_t taken = 0;
  for (const Buffer& batch : made) {
    records.clear();
    Buffer scratch;
    auto reader = wire::BatchReader::open(batch.view(), scratch);
    ASSERT_TRUE(reader.ok());
    RecordView record;
    while (reader->next(record)) records.push_back(record);
    taken += allocations_of([&] {
      task->add({"in", records, Offset{0}});
      ASSERT_TRUE(task->process(MonotonicTime{}).ok());
    });
  }
  EXPECT_EQ(collector.count, static_cast<std::uint64_t>(kRecords));
  EXPECT_LE(taken, kBatches * kPerBatchMax);
}

}  // namespace
}  // namespace millrace::allocation
