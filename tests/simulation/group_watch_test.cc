// Each invariant of the watch is seen to fail, so that a simulation that finds nothing means
// something.
#include "tests/simulation/group_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::simulation {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;

const TopicPartition kPartition{"events", PartitionId{0}};

TEST(GroupWatch, APartitionThatIsHandedOverIsRight) {
  GroupWatch watch;
  EXPECT_EQ(watch.assigned("a", 1, kPartition), std::nullopt);
  EXPECT_EQ(watch.began("a", kPartition, Offset{0}), std::nullopt);
  watch.processed(kPartition, Offset{10});
  EXPECT_EQ(watch.committed("a", kPartition, Offset{10}, watch.is_replaced("a", 1, kPartition)),
            std::nullopt);
  EXPECT_EQ(watch.assigned("b", 2, kPartition), std::nullopt);
  EXPECT_EQ(watch.began("b", kPartition, Offset{10}), std::nullopt);
}

TEST(GroupWatch, SeesTwoOwnersInOneGeneration) {
  GroupWatch watch;
  EXPECT_EQ(watch.assigned("a", 1, kPartition), std::nullopt);
  EXPECT_EQ(watch.assigned("a", 1, kPartition), std::nullopt);
  EXPECT_THAT(watch.assigned("b", 1, kPartition), Optional(HasSubstr("belongs to a and to b")));
}

// Of two members that were expelled before they were told what they own.
TEST(GroupWatch, WhoHasNoPlaceOwnsNothing) {
  GroupWatch watch;
  EXPECT_EQ(watch.assigned("a", -1, kPartition), std::nullopt);
  EXPECT_EQ(watch.assigned("b", -1, kPartition), std::nullopt);
}

TEST(GroupWatch, SeesACommitOfWhoWasReplaced) {
  GroupWatch watch;
  EXPECT_EQ(watch.assigned("a", 1, kPartition), std::nullopt);
  EXPECT_EQ(watch.assigned("b", 2, kPartition), std::nullopt);
  EXPECT_TRUE(watch.is_replaced("a", 1, kPartition));
  EXPECT_FALSE(watch.is_replaced("b", 2, kPartition));
  EXPECT_THAT(watch.committed("a", kPartition, Offset{0}, true), Optional(HasSubstr("replaced")));
}

TEST(GroupWatch, SeesSkippedRecordsAndCommitsAheadOfProcessing) {
  GroupWatch watch;
  watch.processed(kPartition, Offset{10});
  EXPECT_THAT(watch.began("b", kPartition, Offset{11}), Optional(HasSubstr("begins events-0 at")));
  EXPECT_THAT(watch.check_committed(kPartition, Offset{11}),
              Optional(HasSubstr("committed to 11")));

  watch.forgive_lost_tails();
  EXPECT_EQ(watch.began("b", kPartition, Offset{11}), std::nullopt);
}

}  // namespace
}  // namespace millrace::simulation
