#include "streams/runtime/input_queues.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"

namespace millrace::streams {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

MonotonicTime at(std::int64_t ms) {
  return MonotonicTime{} + Millis{ms};
}

/// A batch from `offset` on with one record a timestamp; owns them.
InputBatch batch(std::int64_t offset, const std::vector<std::int64_t>& times) {
  const auto records = std::make_shared<std::vector<RecordView>>();
  for (const std::int64_t time : times) {
    RecordView record;
    record.offset = Offset{offset++};
    record.timestamp = Timestamp{time};
    records->push_back(record);
  }
  return {"topic", *records, Offset{offset}, records};
}

/// Everything that may go now, as "source@timestamp".
std::vector<std::string> drain(InputQueues& queues, MonotonicTime now = at(0)) {
  std::vector<std::string> gone;
  while (const auto run = queues.next(now)) {
    for (const RecordView& record : run->records) {
      gone.push_back(std::to_string(run->source) + "@" + std::to_string(record.timestamp.value()));
    }
    queues.done(*run);
  }
  return gone;
}

TEST(InputQueues, GiveTheOldestRecordFirst) {
  InputQueues queues(2, Millis{0});
  queues.push(0, batch(0, {1, 4, 9}));
  queues.push(1, batch(0, {2, 3, 9}));

  EXPECT_THAT(drain(queues), ElementsAre("0@1", "1@2", "1@3", "0@4", "0@9", "1@9"));
  EXPECT_TRUE(queues.empty());
}

TEST(InputQueues, KeepTheOrderOfOffsetsWithinASource) {
  InputQueues queues(2, Millis{0});
  queues.push(0, batch(0, {5, 1}));
  queues.push(0, batch(2, {0}));
  queues.push(1, batch(0, {2}));

  EXPECT_THAT(drain(queues), ElementsAre("1@2", "0@5", "0@1", "0@0"));
}

TEST(InputQueues, KnowWhatIsFinishedRecordByRecord) {
  InputQueues queues(2, Millis{0});
  queues.push(0, batch(10, {1, 7}));
  queues.push(1, batch(20, {5}));
  EXPECT_FALSE(queues.position(0).has_value());

  queues.done(queues.next(at(0)).value());
  EXPECT_EQ(queues.position(0), Offset{11});
  EXPECT_FALSE(queues.position(1).has_value());
  EXPECT_EQ(queues.record_count(0), 1U);
  (void)drain(queues);

  EXPECT_EQ(queues.position(0), Offset{12});
  EXPECT_EQ(queues.position(1), Offset{21});
}

TEST(InputQueues, MoveOnWithAPartitionThatMovedOnWithoutRecords) {
  InputQueues queues(1, Millis{0});
  queues.push(0, batch(10, {1}));
  queues.push(0, {"topic", {}, Offset{15}});  // as where a transaction's marker ends it

  EXPECT_THAT(drain(queues), ElementsAre("0@1"));
  EXPECT_EQ(queues.position(0), Offset{15});
}

TEST(InputQueues, WaitForASourceThatHasNothingButNotForEver) {
  InputQueues queues(2, Millis{100});
  queues.push(0, batch(0, {5, 6}));

  EXPECT_THAT(drain(queues, at(0)), IsEmpty());
  EXPECT_THAT(drain(queues, at(99)), IsEmpty());
  queues.push(1, batch(0, {4}));
  EXPECT_THAT(drain(queues, at(99)), ElementsAre("1@4"));  // and now the other has nothing again
  EXPECT_THAT(drain(queues, at(198)), IsEmpty());
  EXPECT_THAT(drain(queues, at(199)), ElementsAre("0@5", "0@6"));
}

TEST(InputQueues, KeepABatchAliveUntilItsLastRecordIsFinished) {
  InputQueues queues(1, Millis{0});
  InputBatch owned = batch(0, {1, 2});
  const std::weak_ptr<const void> memory = owned.keep_alive;
  queues.push(0, std::move(owned));
  EXPECT_FALSE(memory.expired());

  (void)drain(queues);

  EXPECT_TRUE(memory.expired());
}

TEST(InputQueues, ForgetWhatIsNotFinished) {
  InputQueues queues(2, Millis{100});
  queues.push(0, batch(0, {1, 2}));
  (void)drain(queues, at(0));
  queues.clear();

  EXPECT_TRUE(queues.empty());
  EXPECT_FALSE(queues.position(0).has_value());
  queues.push(0, batch(0, {1, 2}));
  EXPECT_THAT(drain(queues, at(50)), IsEmpty());  // waits anew
  EXPECT_THAT(drain(queues, at(150)), ElementsAre("0@1", "0@2"));
}

TEST(InputQueues, GiveEveryRecordOnceInOrderHoweverTheyCome) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    InputQueues queues(3, Millis{random.below(2) == 0 ? 0 : 10});
    std::vector<std::int64_t> pushed(3, 0);
    std::vector<std::int64_t> given(3, 0);
    const auto take = [&](std::int64_t now) {
      while (const auto run = queues.next(at(now))) {
        for (const RecordView& record : run->records) {
          EXPECT_EQ(record.offset, Offset{given[run->source]++});
        }
        queues.done(*run);
        EXPECT_EQ(queues.position(run->source), Offset{given[run->source]});
      }
    };
    for (std::int64_t step = 0; step < 200; ++step) {
      const std::size_t source = random.below(3);
      std::vector<std::int64_t> times(1 + random.below(4));
      for (std::int64_t& time : times) time = static_cast<std::int64_t>(random.below(50));
      queues.push(source, batch(pushed[source], times));
      pushed[source] += static_cast<std::int64_t>(times.size());
      if (random.below(3) == 0) take(step);
    }
    take(1'000);
    take(1'000'000);
    EXPECT_EQ(given, pushed);
  }
}

}  // namespace
}  // namespace millrace::streams
