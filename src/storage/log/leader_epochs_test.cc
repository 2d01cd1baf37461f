#include "storage/log/leader_epochs.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace millrace::storage {
namespace {

TEST(LeaderEpochs, KnowWhereEachEpochEnds) {
  LeaderEpochs epochs;
  EXPECT_TRUE(epochs.assign(LeaderEpoch{2}, Offset{10}));
  EXPECT_FALSE(epochs.assign(LeaderEpoch{2}, Offset{15})) << "it began already";
  EXPECT_TRUE(epochs.assign(LeaderEpoch{5}, Offset{20}));
  struct Case {
    std::int32_t asked, epoch;
    std::int64_t end;
  };
  for (const Case& one : {Case{5, 5, 30}, Case{2, 2, 20}, Case{4, 2, 20}, Case{1, 1, 10},
                          Case{6, -1, -1}, Case{-1, -1, -1}}) {
    const EpochEndOffset found = epochs.end_offset_for(LeaderEpoch{one.asked}, Offset{30});
    EXPECT_EQ(found.epoch.value(), one.epoch) << one.asked;
    EXPECT_EQ(found.end_offset.value(), one.end) << one.asked;
  }
}

TEST(LeaderEpochs, AreCutAtBothEnds) {
  LeaderEpochs epochs;
  for (const std::int32_t epoch : {0, 1, 2}) {
    epochs.assign(LeaderEpoch{epoch}, Offset{epoch * 10});
  }
  EXPECT_FALSE(epochs.truncate_from_start(Offset{0}));
  EXPECT_TRUE(epochs.truncate_from_start(Offset{12}));
  EXPECT_EQ(epochs.starts().front(), (EpochStart{LeaderEpoch{1}, Offset{12}}));
  EXPECT_FALSE(epochs.truncate_from_end(Offset{21}));
  EXPECT_TRUE(epochs.truncate_from_end(Offset{20}));
  EXPECT_EQ(epochs.latest(), LeaderEpoch{1});
}

TEST(LeaderEpochs, HaveKafkasCheckpointText) {
  LeaderEpochs epochs;
  epochs.assign(LeaderEpoch{0}, Offset{0});
  epochs.assign(LeaderEpoch{3}, Offset{17});
  EXPECT_EQ(epochs.encode(), "0\n2\n0 0\n3 17\n");
  EXPECT_EQ(LeaderEpochs::decode(epochs.encode())->starts(), epochs.starts());
  for (const char* text : {"1\n0\n", "0\n1\n3\n", "0\n1\n3 x\n", "0\n2\n0 0\n", "junk"}) {
    EXPECT_FALSE(LeaderEpochs::decode(text).ok()) << text;
  }
}

}  // namespace
}  // namespace millrace::storage
