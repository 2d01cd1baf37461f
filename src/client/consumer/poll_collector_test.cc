#include "client/consumer/poll_collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/record_batch_builder.h"

namespace millrace::client {
namespace {

constexpr MonotonicTime kStart{std::chrono::seconds{1}};

TopicPartition at(std::int32_t partition) {
  return {"t", PartitionId{partition}};
}

class PollCollectorTest : public testing::Test {
 protected:
  PollCollectorTest() {
    state_.set_assignment({at(0), at(1)});
    for (const auto& name : {at(0), at(1)}) state_.seek(name, Offset{0});
  }

  /// Lets every partition that wants something fetch `count` records.
  enum class Holds { kRecords, kDamage, kMarker };
  void fetch(int count, Holds what = Holds::kRecords) {
    const auto leader = [](const TopicPartition& /*partition*/) {
      return std::optional(PartitionLeader{BrokerId{1}, LeaderEpoch{3}});
    };
    const auto plan = state_.plan(leader, kStart);
    for (const auto& [broker, request] : plan.requests) {
      for (const PlannedPart& part : request.parts)
        state_.on_fetched(part, answer(part, count, what));
      state_.on_request_done(broker);
    }
  }
  static FetchedPart answer(const PlannedPart& part, int count, Holds what) {
    wire::RecordBatchBuilder builder({.is_control = what == Holds::kMarker,
                                      .base_offset = part.offset,
                                      .partition_leader_epoch = part.leader_epoch});
    for (int i = 0; i < count; ++i) {
      builder.append(Timestamp{5}, std::nullopt, fmt::format("{}", part.offset + i));
    }
    Buffer bytes = builder.build();
    char& last = bytes.data()[bytes.size() - 1];
    if (what == Holds::kDamage) last = static_cast<char>(last ^ 1);
    FetchedPart fetched;
    fetched.frame = std::make_shared<const Buffer>(std::move(bytes));
    fetched.records = fetched.frame->view();
    fetched.from = part.offset;
    fetched.leader_epoch = part.leader_epoch;
    fetched.high_watermark = Offset{100};
    return fetched;
  }
  Result<PolledRecords> collect(std::size_t count_max = 500) {
    auto collected = PollCollector::collect(state_, count_max);
    made_room_ = collected.made_room;
    return std::move(collected.records);
  }

  FetchState state_{FetchPlanConfig{}};
  bool made_room_ = false;
};

TEST_F(PollCollectorTest, NothingFetchedIsNothingPolled) {
  const auto polled = collect();
  ASSERT_TRUE(polled.ok());
  EXPECT_TRUE(polled->empty());
  EXPECT_FALSE(made_room_);
}

TEST_F(PollCollectorTest, GivesEachPartitionsRecordsTogetherAndMovesItsPosition) {
  fetch(3);

  const auto polled = collect();

  ASSERT_TRUE(polled.ok());
  EXPECT_EQ(polled->count(), 6U);
  EXPECT_TRUE(made_room_);
  std::int32_t partition = 0;
  for (const auto& part : *polled) {
    EXPECT_EQ(part.partition, at(partition++));
    ASSERT_EQ(part.records.size(), 3U);
    EXPECT_EQ(*part.records[2].value, "2");
    EXPECT_EQ(state_.position(part.partition), Offset{3});
    EXPECT_EQ(state_.position_epoch(part.partition), LeaderEpoch{3});
  }
  EXPECT_EQ(partition, 2);
}

TEST_F(PollCollectorTest, NamesAPartitionOnceThoughItFetchedTwice) {
  fetch(2);
  fetch(3);

  const auto polled = collect();

  ASSERT_EQ(polled->partitions().size(), 2U);
  for (const auto& part : *polled) {
    ASSERT_EQ(part.records.size(), 5U);
    EXPECT_EQ(*part.records[4].value, "4");
    EXPECT_EQ(part.next_offset, Offset{5});
  }
}

TEST_F(PollCollectorTest, TellsOfProgressThatCarriesNoRecords) {
  fetch(2);
  ASSERT_EQ(collect()->count(), 4U);
  fetch(1, Holds::kMarker);

  const auto polled = collect();

  ASSERT_TRUE(polled.ok());
  EXPECT_TRUE(polled->empty());
  EXPECT_TRUE(polled->made_progress());
  ASSERT_EQ(polled->partitions().size(), 2U);
  for (const auto& part : *polled) {
    EXPECT_TRUE(part.records.empty());
    EXPECT_EQ(part.next_offset, Offset{3});
    EXPECT_EQ(state_.position(part.partition), Offset{3});
    EXPECT_EQ(part.readable_end, Offset{100});
  }
  EXPECT_FALSE(collect()->made_progress());
}

TEST_F(PollCollectorTest, TellsOfProgressBeforeItSpeaksOfDamage) {
  fetch(1, Holds::kMarker);
  fetch(1, Holds::kDamage);

  const auto progress = collect();
  ASSERT_TRUE(progress.ok());
  EXPECT_TRUE(progress->made_progress());
  EXPECT_FALSE(collect().ok());
}

TEST_F(PollCollectorTest, StopsAtTheLimitAndGoesOnThere) {
  fetch(3);

  const auto first = collect(2);
  EXPECT_EQ(first->count(), 2U);
  EXPECT_FALSE(made_room_) << "a batch that was not read to its end is still held";
  EXPECT_EQ(state_.position(at(0)), Offset{2});
  EXPECT_EQ(state_.position(at(1)), Offset{0});
  EXPECT_EQ(collect(100)->count(), 4U);
  EXPECT_EQ(*first->begin()->records[1].value, "1") << "good as long as it is held";
}

TEST_F(PollCollectorTest, SpeaksOfADamagedBatchOnlyWhenNoGoodRecordIsLeft) {
  fetch(2);
  fetch(2, Holds::kDamage);

  const auto good = collect();
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(good->count(), 4U);
  for (int i = 0; i < 2; ++i) {
    const auto bad = collect();
    ASSERT_FALSE(bad.ok());
    EXPECT_THAT(bad.error().to_string(), testing::HasSubstr("t-"));
  }
  EXPECT_EQ(state_.position(at(0)), Offset{2}) << "before the batch, not after it";
  const auto after = collect();
  ASSERT_TRUE(after.ok()) << "told once";
  EXPECT_TRUE(after->empty());
}

}  // namespace
}  // namespace millrace::client
