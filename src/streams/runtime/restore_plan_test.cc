#include "streams/runtime/restore_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/random.h"

namespace millrace::streams {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

const TaskId kFirst{0, PartitionId{1}};
const TaskId kSecond{0, PartitionId{2}};
const TopicPartition kCounts{"counts", PartitionId{1}};
const TopicPartition kTotals{"totals", PartitionId{1}};
const TopicPartition kOther{"counts", PartitionId{2}};

MonotonicTime at(std::int64_t ms) {
  return MonotonicTime{} + Millis{ms};
}

TEST(RestorePlan, AsksForRangesThenReadsToTheEndThatWasThere) {
  RestorePlan plan;
  plan.add(kFirst, {{"counts"}}, at(0));

  EXPECT_THAT(plan.without_range(), ElementsAre(kCounts));
  EXPECT_THAT(plan.to_read(), IsEmpty());
  plan.on_range(kCounts, Offset{3}, Offset{10});
  EXPECT_THAT(plan.without_range(), IsEmpty());
  EXPECT_THAT(plan.to_read(), ElementsAre(Pair(kCounts, Offset{3})));
  EXPECT_EQ(plan.owner(kCounts), kFirst);
  plan.on_progress(kCounts, Offset{9}, at(1));
  EXPECT_THAT(plan.take_finished(), IsEmpty());
  plan.on_progress(kCounts, Offset{10}, at(2));

  EXPECT_THAT(plan.take_finished(), ElementsAre(kFirst));
  EXPECT_TRUE(plan.is_idle());
}

TEST(RestorePlan, IsThroughAtOnceWithATaskThatHasNothingToRead) {
  RestorePlan plan;
  plan.add(kFirst, {}, at(0));
  plan.add(kSecond, {{"counts"}}, at(0));
  plan.on_range(kOther, Offset{5}, Offset{5});

  EXPECT_THAT(plan.take_finished(), ElementsAre(kFirst, kSecond));
}

TEST(RestorePlan, FinishesATaskWithTheLastOfItsChangelogs) {
  RestorePlan plan;
  plan.add(kFirst, {{"counts"}, {"totals"}}, at(0));
  plan.add(kSecond, {{"counts"}}, at(0));
  for (const auto& each : plan.without_range()) plan.on_range(each, Offset{0}, Offset{5});
  plan.on_progress(kTotals, Offset{5}, at(1));
  plan.on_progress(kOther, Offset{5}, at(1));

  EXPECT_THAT(plan.take_finished(), ElementsAre(kSecond));
  EXPECT_THAT(plan.to_read(), ElementsAre(Pair(kCounts, Offset{0})));
  plan.on_progress(kCounts, Offset{7}, at(2));
  EXPECT_THAT(plan.take_finished(), ElementsAre(kFirst));
}

TEST(RestorePlan, GoesOnWithATaskThatComesBackAndReadsUpToTheNewEnd) {
  RestorePlan plan;
  plan.add(kFirst, {{"counts"}}, at(0));
  plan.on_range(kCounts, Offset{0}, Offset{10});
  plan.on_progress(kCounts, Offset{6}, at(1));
  plan.remove(kFirst);
  EXPECT_TRUE(plan.is_idle());
  EXPECT_FALSE(plan.owner(kCounts).has_value());

  plan.add(kFirst, {{"counts", Offset{6}}}, at(2));
  plan.on_range(kCounts, Offset{0}, Offset{12});

  EXPECT_THAT(plan.to_read(), ElementsAre(Pair(kCounts, Offset{6})));
  plan.on_progress(kCounts, Offset{10}, at(3));
  EXPECT_THAT(plan.take_finished(), IsEmpty());
}

TEST(RestorePlan, GivesUpProgressThatTheTopicNoLongerHolds) {
  struct Case {
    std::string what;
    std::int64_t begin;
    std::int64_t end;
    bool is_outdated;
  };
  for (const Case& each : {Case{"the topic was made anew", 0, 3, true},
                           Case{"records in between were deleted", 7, 9, true},
                           Case{"it ends where it was left", 0, 6, false},
                           Case{"it was cut up to there", 6, 8, false}}) {
    SCOPED_TRACE(each.what);
    RestorePlan plan;
    plan.add(kFirst, {{"counts", Offset{6}}}, at(0));
    plan.on_range(kCounts, Offset{each.begin}, Offset{each.end});

    EXPECT_EQ(plan.take_outdated().size(), each.is_outdated ? 1U : 0U);
    EXPECT_EQ(plan.take_finished().size(), each.end == 6 ? 1U : 0U);
  }
}

TEST(RestorePlan, KnowsWhatHasBeenSilentForTooLong) {
  RestorePlan plan;
  plan.add(kFirst, {{"counts"}}, at(0));
  plan.add(kSecond, {{"counts"}}, at(0));
  for (const auto& each : plan.without_range()) plan.on_range(each, Offset{0}, Offset{5});
  plan.on_progress(kCounts, Offset{1}, at(900));
  plan.on_progress(kOther, Offset{0}, at(900));  // no progress

  EXPECT_FALSE(plan.silent_since(at(1000), Millis{1000}).has_value());
  EXPECT_EQ(plan.silent_since(at(1001), Millis{1000}), kOther);
  plan.on_progress(kOther, Offset{5}, at(1001));
  EXPECT_FALSE(plan.silent_since(at(1900), Millis{1000}).has_value());
}

/// However often a task is taken away and given back, each record of its changelog is read once.
TEST(RestorePlan, ReadsEachRecordOnceHoweverOftenATaskComesAndGoes) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    RestorePlan plan;
    Offset reached{0};  // what the task remembers
    std::int64_t end = 1 + static_cast<std::int64_t>(random.below(40));
    bool is_here = false;
    for (std::int64_t step = 0; step < 10'000; ++step) {
      if (!is_here) {
        plan.add(kFirst, {{"counts", reached}}, at(step));
        is_here = true;
      }
      for (const auto& each : plan.without_range()) plan.on_range(each, Offset{0}, Offset{end});
      EXPECT_THAT(plan.take_outdated(), IsEmpty());
      if (!plan.take_finished().empty()) break;
      const auto reading = plan.to_read();
      ASSERT_THAT(reading, ElementsAre(Pair(kCounts, reached)));
      reached = reached + 1;
      plan.on_progress(kCounts, reached, at(step));
      if (random.below(4) == 0) {
        plan.remove(kFirst);
        is_here = false;
        if (random.below(2) == 0) ++end;  // the owner in between wrote a record
      }
    }
    EXPECT_EQ(reached, Offset{end});
  }
}

}  // namespace
}  // namespace millrace::streams
