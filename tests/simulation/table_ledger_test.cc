// Each invariant of the ledger is seen to fail, so that a simulation that finds nothing means
// something.
#include "tests/simulation/table_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::simulation {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;
using Records = std::vector<TableLedger::Record>;

const TopicPartition kPartition{"table", PartitionId{0}};

/// a=1 at 0, b=1 at 1, a=2 at 2, b is deleted at 3.
TableLedger filled() {
  TableLedger ledger;
  ledger.acknowledged(kPartition, {Offset{0}, "a", "1"});
  ledger.acknowledged(kPartition, {Offset{1}, "b", "1"});
  ledger.acknowledged(kPartition, {Offset{2}, "a", "2"});
  ledger.acknowledged(kPartition, {Offset{3}, "b", std::nullopt});
  return ledger;
}

TEST(TableLedger, IsContentWithTheLastValuesAndWithMore) {
  const TableLedger ledger = filled();
  EXPECT_EQ(ledger.check_log(kPartition, {{Offset{2}, "a", "2"}}), std::nullopt);
  EXPECT_EQ(ledger.check_log(
                kPartition,
                {{Offset{1}, "b", "1"}, {Offset{2}, "a", "2"}, {Offset{3}, "b", std::nullopt}}),
            std::nullopt);
  EXPECT_EQ(ledger.check_log(kPartition, {{Offset{7}, "a", "nobody was told of it"}}),
            std::nullopt);
}

TEST(TableLedger, SeesALastValueThatIsGone) {
  EXPECT_THAT(filled().check_log(kPartition, {}),
              Optional(HasSubstr("\"2\", the last value of a")));
  TableLedger ledger = filled();
  ledger.lost_track_of({kNoOffset, "a", std::nullopt});
  EXPECT_EQ(ledger.check_log(kPartition, {}), std::nullopt) << "it may have been deleted";
}

TEST(TableLedger, SeesAnOldValueThatCameBack) {
  EXPECT_THAT(filled().check_log(kPartition, {{Offset{1}, "b", "1"}, {Offset{2}, "a", "2"}}),
              Optional(HasSubstr("the last record of b is \"1\" at offset 1, a tombstone was")));
  EXPECT_THAT(filled().check_log(kPartition, {{Offset{0}, "a", "1"}}),
              Optional(HasSubstr("the last record of a is \"1\"")));
}

TEST(TableLedger, SeesARecordThatIsNotWhatItWas) {
  EXPECT_THAT(filled().check_log(kPartition, {{Offset{2}, "a", "1"}}),
              Optional(HasSubstr("\"2\" of a was acknowledged, \"1\" of a is there")));
  EXPECT_THAT(filled().check_log(kPartition, {{Offset{2}, "b", "2"}}),
              Optional(HasSubstr("of b is there")));
  EXPECT_THAT(filled().check_log(kPartition, {{Offset{2}, "a", "2"}, {Offset{2}, "a", "2"}}),
              Optional(HasSubstr("offset 2 follows 2")));
}

}  // namespace
}  // namespace millrace::simulation
