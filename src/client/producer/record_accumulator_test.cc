#include "client/producer/record_accumulator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::client {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using Outcome = RecordAccumulator::Outcome;

constexpr MonotonicTime kStart{std::chrono::seconds{1}};
constexpr std::size_t kBatchSize = 200;

ProducerConfig small_config() {
  ProducerConfig config;
  config.batch_size_bytes = kBatchSize;
  config.buffer_memory_bytes = 1000;
  config.request_size_max = 900;
  config.linger = Millis{10};
  return config;
}

class FixedClock final : public Clock {
 public:
  explicit FixedClock(MonotonicTime now) : now_(now) {}
  MonotonicTime monotonic() const override { return now_; }
  Timestamp wall() const override { return Timestamp{1}; }

 private:
  MonotonicTime now_;
};

class RecordAccumulatorTest : public testing::Test {
 protected:
  explicit RecordAccumulatorTest(ProducerConfig config = small_config())
      : config_(std::move(config)) {
    accumulator_.set_partition_count(topic_, 2);
  }

  RecordAccumulator::Appended append(std::size_t value_bytes, std::int32_t partition = 0,
                                     MonotonicTime now = kStart) {
    const std::string value(value_bytes, 'v');
    return accumulator_.append(&topic_,
                               {.topic = "t", .partition = PartitionId{partition}, .value = value},
                               FixedClock(now));
  }
  std::vector<LeavingBatch> take(MonotonicTime now, bool is_hungry = true) {
    return accumulator_.take_due(now, [is_hungry](auto&, auto) { return is_hungry; });
  }

  ProducerConfig config_;
  const std::unique_ptr<io::Env> env_ = io::make_system_env();
  RecordAccumulator accumulator_{config_, *env_};
  ProducerTopic topic_{"t", kBatchSize};
};

TEST_F(RecordAccumulatorTest, AnOpenBatchLeavesWhenItHasLingered) {
  EXPECT_TRUE(append(10).wake_sender) << "there is a deadline now";
  EXPECT_FALSE(append(10).wake_sender) << "it knows";
  EXPECT_EQ(accumulator_.next_linger_end(kStart), kStart + Millis{10});
  EXPECT_THAT(take(kStart + Millis{9}), IsEmpty());

  const auto leaving = take(kStart + Millis{10});

  ASSERT_THAT(leaving, SizeIs(1));
  EXPECT_EQ(leaving[0].topic, &topic_);
  EXPECT_EQ(leaving[0].partition, PartitionId{0});
  EXPECT_EQ(leaving[0].batch->record_count, 2);
  EXPECT_EQ(accumulator_.next_linger_end(kStart), std::nullopt);
}

TEST_F(RecordAccumulatorTest, AFullBatchLeavesAtOnceAndInOrder) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(append(100).outcome, Outcome::kAppended);

  const auto leaving = take(kStart, false);

  ASSERT_THAT(leaving, SizeIs(2)) << "100 bytes and their header are more than half a batch";
  EXPECT_EQ(leaving[0].batch->record_count, 1);
  EXPECT_NE(accumulator_.next_linger_end(kStart), std::nullopt) << "the third goes on filling";
}

TEST_F(RecordAccumulatorTest, GoesOnFillingWhileThePartitionCouldNotSend) {
  append(10);
  EXPECT_THAT(take(kStart + Millis{50}, false), IsEmpty());
  append(10);
  const auto leaving = take(kStart + Millis{50});
  ASSERT_THAT(leaving, SizeIs(1));
  EXPECT_EQ(leaving[0].batch->record_count, 2);
}

class LargeBatches : public RecordAccumulatorTest {
 protected:
  static constexpr std::size_t kLarge = 2 * BufferPool::kBufferBytesMin;

  static ProducerConfig large_config() {
    ProducerConfig config = small_config();
    config.batch_size_bytes = kLarge;
    config.buffer_memory_bytes = 2 * kLarge;
    config.request_size_max = kLarge;
    return config;
  }
  LargeBatches() : RecordAccumulatorTest(large_config()) {}
  /// The next one, with a record of `value_bytes`.
  ProducerBatchPtr batch(std::size_t value_bytes) {
    EXPECT_EQ(append(value_bytes).outcome, Outcome::kAppended);
    return std::move(take(kStart + Millis{10}).at(0).batch);
  }
};

TEST_F(LargeBatches, HaveTheMemoryOfThoseThatAreThrough) {
  ProducerBatchPtr first = batch(10);
  first->encode();
  const char* const memory = first->encoded->data();
  SharedBuffer sent = first->encoded;
  accumulator_.finish(first->id, first->budget_bytes);
  first.reset();

  ProducerBatchPtr second = batch(10);
  second->encode();
  EXPECT_NE(second->encoded->data(), memory) << "it is on its way to a socket";
  sent.reset();
  EXPECT_EQ(second->memory->idle_bytes(), kLarge);
  accumulator_.finish(second->id, second->budget_bytes);
  const ProducerBatchPtr third = batch(10);
  third->encode();
  EXPECT_EQ(third->encoded->data(), memory);
}

TEST_F(LargeBatches, KeepTheirRecordsOnlyCompressedOnceTheyAreEncoded) {
  config_.compression = wire::Compression::kLz4;
  const ProducerBatchPtr first = batch(100'000);
  const std::shared_ptr<BufferPool> memory = first->memory;
  EXPECT_EQ(memory->idle_bytes(), 0U);
  first->encode();
  EXPECT_EQ(memory->idle_bytes(), kLarge);
}

TEST_F(RecordAccumulatorTest, NothingLingersWhileFlushing) {
  append(10, 0);
  append(10, 1);
  accumulator_.begin_flush();
  EXPECT_THAT(take(kStart), SizeIs(2));
}

TEST_F(RecordAccumulatorTest, MemoryIsGivenBackOnlyWhenABatchIsSettled) {
  while (append(100).outcome == Outcome::kAppended) {
  }
  EXPECT_EQ(append(100).outcome, Outcome::kNoRoom);
  accumulator_.begin_flush();
  auto leaving = take(kStart);
  for (auto& each : take(kStart)) leaving.push_back(std::move(each));  // the open one comes last
  EXPECT_EQ(append(100).outcome, Outcome::kNoRoom) << "sent is not settled";

  for (const auto& each : leaving) {
    accumulator_.finish(each.batch->id, each.batch->budget_bytes);
  }

  EXPECT_EQ(accumulator_.buffered_bytes(), 0U);
  EXPECT_EQ(append(100).outcome, Outcome::kAppended);
}

TEST_F(RecordAccumulatorTest, ABatchCountsWithTheMemoryItTakesHoweverLittleIsInIt) {
  accumulator_.set_partition_count(topic_, 10);
  std::int32_t partition = 0;
  while (append(1, partition).outcome == Outcome::kAppended) ++partition;
  EXPECT_EQ(partition, 1000 / static_cast<int>(kBatchSize)) << "as many as buffer.memory has";
  EXPECT_EQ(accumulator_.buffered_bytes(), 1000U);
  EXPECT_EQ(append(1, 0).outcome, Outcome::kAppended) << "there is room in the open one";
}

TEST_F(RecordAccumulatorTest, WhatLingersMakesRoomForWhoeverWaitsThoughTheSenderLooksAtOnce) {
  for (std::int32_t partition : {0, 1}) append(10, partition);
  while (append(100).outcome == Outcome::kAppended) {
  }
  (void)take(kStart);  // what is full; the rest lingers
  std::size_t left = 0;
  accumulator_.wait_for_room(100, Millis{0}, [&] { left = take(kStart).size(); });
  EXPECT_EQ(left, 2U);
}

TEST_F(RecordAccumulatorTest, AReceiptNamesTheBatchAndThePlaceInIt) {
  const SendReceipt first = append(10).receipt;
  const SendReceipt second = append(10).receipt;
  const SendReceipt elsewhere = append(10, 1).receipt;
  EXPECT_EQ(second, (SendReceipt{first.partition, first.batch, 1}));
  EXPECT_EQ(elsewhere.index, 0);
  EXPECT_GT(elsewhere.batch, first.batch);
  EXPECT_EQ(take(kStart + Millis{10}).front().batch->id, first.batch);
}

TEST_F(RecordAccumulatorTest, ATopicIsFoundByTheNameInTheRecord) {
  ProducerTopic& named = accumulator_.topic("named");
  accumulator_.set_partition_count(named, 1);
  const auto appended = accumulator_.append(nullptr, {.topic = "named"}, FixedClock(kStart));
  EXPECT_EQ(appended.outcome, Outcome::kAppended);
  EXPECT_EQ(appended.topic, &named);
  EXPECT_EQ(&accumulator_.topic("named"), &named);
}

TEST_F(RecordAccumulatorTest, AnUrgentRecordTakesItsBatchAlongAtOnce) {
  append(10);
  RecordCallback asks = [](const Result<RecordMetadata>&) {};
  const auto urgent =
      accumulator_.append(&topic_, {.topic = "t", .partition = PartitionId{0}, .value = "v"},
                          FixedClock(kStart), {.on_delivery = &asks, .urgency = Urgency::kNow});
  EXPECT_EQ(urgent.outcome, Outcome::kAppended);

  const auto leaving = take(kStart);

  ASSERT_THAT(leaving, SizeIs(1));
  EXPECT_EQ(leaving[0].batch->record_count, 2);
  ASSERT_THAT(leaving[0].batch->waiters, SizeIs(1));
  EXPECT_EQ(leaving[0].batch->waiters[0].index, 1);
}

TEST_F(RecordAccumulatorTest, AnUrgentRecordWakesASenderWhoWaitsForALinger) {
  append(10);
  EXPECT_THAT(take(kStart), IsEmpty());
  EXPECT_FALSE(append(10).wake_sender);
  const auto urgent = accumulator_.append(&topic_, {.topic = "t", .partition = PartitionId{0}},
                                          FixedClock(kStart), {.urgency = Urgency::kNow});
  EXPECT_TRUE(urgent.wake_sender);
}

TEST_F(RecordAccumulatorTest, ABatchThatCannotLeaveDoesNotHideWhenTheNextWillHaveLingered) {
  append(10, 0, kStart);
  append(10, 1, kStart + Millis{5});
  EXPECT_THAT(take(kStart + Millis{12}, false), IsEmpty());
  EXPECT_EQ(accumulator_.next_linger_end(kStart + Millis{12}), kStart + Millis{15});
}

TEST_F(RecordAccumulatorTest, AFlushEndsWithTheLastPartOfTheLastBatchBeforeIt) {
  append(10, 0);
  const BatchId end = accumulator_.begin_flush();
  append(10, 1);
  const auto leaving = take(kStart);
  ASSERT_THAT(leaving, SizeIs(2));
  const ProducerBatch& before = *leaving[0].batch;
  accumulator_.add_part(before.id);
  accumulator_.finish(before.id, before.budget_bytes);
  EXPECT_FALSE(accumulator_.has_finished_before(end)) << "the other half is under way";
  accumulator_.finish(before.id, 0);
  EXPECT_TRUE(accumulator_.has_finished_before(end)) << "what was sent since does not count";
}

TEST_F(RecordAccumulatorTest, SaysWhyARecordIsNotTaken) {
  EXPECT_EQ(append(10, 2).outcome, Outcome::kNoSuchPartition);
  EXPECT_EQ(append(900).outcome, Outcome::kTooLarge);
  ProducerTopic unknown("u", kBatchSize);
  EXPECT_EQ(accumulator_.append(&unknown, {.topic = "u"}, FixedClock(kStart)).outcome,
            Outcome::kNoMetadata);
  accumulator_.close(Error{ErrorCode::kClosed, "first"});
  accumulator_.close(Error{ErrorCode::kClosed, "second"});
  EXPECT_EQ(append(10).outcome, Outcome::kClosed);
  EXPECT_EQ(accumulator_.why_closed().message, "first");
}

TEST_F(RecordAccumulatorTest, ARecordLargerThanABatchHasOneOfItsOwn) {
  append(10);
  EXPECT_EQ(append(500).outcome, Outcome::kAppended);
  append(10);
  const auto leaving = take(kStart);
  ASSERT_THAT(leaving, SizeIs(2));
  EXPECT_EQ(leaving[1].batch->record_count, 1);
}

TEST_F(RecordAccumulatorTest, KeysAlwaysFindTheSamePartition) {
  for (int i = 0; i < 5; ++i) {
    accumulator_.append(&topic_, {.topic = "t", .key = "k"}, FixedClock(kStart));
  }
  const auto leaving = take(kStart + Millis{10});
  ASSERT_THAT(leaving, SizeIs(1));
  EXPECT_EQ(leaving[0].partition, partition_for_key("k", 2));
}

TEST_F(RecordAccumulatorTest, PartitionsAreNeverTakenAway) {
  accumulator_.set_partition_count(topic_, 1);
  EXPECT_EQ(accumulator_.partition_count(topic_), 2);
}

}  // namespace
}  // namespace millrace::client
