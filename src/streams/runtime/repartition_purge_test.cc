#include "streams/runtime/repartition_purge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::streams {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

const TopicPartition kWords{"app-words-repartition", PartitionId{1}};
const TopicPartition kLines{"lines", PartitionId{1}};

MonotonicTime at(std::int64_t ms) {
  return MonotonicTime{} + Millis{1'000'000 + ms};
}

TEST(RepartitionPurge, GivesWhatWasCommittedOnceAnInterval) {
  RepartitionPurge purge({kWords.topic}, Millis{100});
  EXPECT_THAT(purge.take_due(at(0)), IsEmpty());
  purge.on_committed(kWords, Offset{5});
  EXPECT_THAT(purge.take_due(at(50)), IsEmpty());
  purge.on_committed(kWords, Offset{9});

  EXPECT_THAT(purge.take_due(at(149)), IsEmpty());
  EXPECT_THAT(purge.take_due(at(150)), ElementsAre(Pair(kWords, Offset{9})));
  EXPECT_THAT(purge.take_due(at(250)), IsEmpty());
  purge.on_committed(kWords, Offset{12});
  EXPECT_THAT(purge.take_due(at(251)), ElementsAre(Pair(kWords, Offset{12})));
}

TEST(RepartitionPurge, LeavesTheTopicsOfOthersAlone) {
  RepartitionPurge purge({kWords.topic}, Millis{0});
  purge.on_committed(kLines, Offset{5});

  EXPECT_THAT(purge.take_due(at(0)), IsEmpty());
  EXPECT_THAT(purge.take_all(), IsEmpty());
}

TEST(RepartitionPurge, GivesTheRestAtTheEnd) {
  RepartitionPurge purge({kWords.topic}, Millis{100});
  purge.on_committed(kWords, Offset{5});

  EXPECT_THAT(purge.take_all(), ElementsAre(Pair(kWords, Offset{5})));
  EXPECT_THAT(purge.take_all(), IsEmpty());
}

}  // namespace
}  // namespace millrace::streams
