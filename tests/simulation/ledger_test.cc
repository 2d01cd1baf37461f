// Each invariant of the ledger is seen to fail, so that a simulation that finds nothing means
// something.
#include "tests/simulation/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::simulation {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;

const TopicPartition kPartition{"events", PartitionId{0}};

std::vector<Ledger::LogRecord> log_of(std::initializer_list<const char*> values) {
  std::vector<Ledger::LogRecord> log;
  for (const char* const value : values) {
    log.push_back({Offset{static_cast<std::int64_t>(log.size())}, value});
  }
  return log;
}

TEST(Ledger, APromiseThatWasKeptIsRight) {
  Ledger ledger;
  (void)ledger.acknowledged({1, 0}, kPartition, Offset{0}, Millis{5});
  (void)ledger.acknowledged({2, 0}, kPartition, kNoOffset, Millis{5});

  EXPECT_EQ(ledger.check_log(kPartition, log_of({"1:0", "2:0", "1:7"})), std::nullopt);
}

TEST(Ledger, SeesWhatIsLostDoubledReorderedMovedOrMadeUp) {
  Ledger ledger;
  (void)ledger.acknowledged({1, 0}, kPartition, Offset{0}, Millis{5});
  (void)ledger.acknowledged({1, 1}, kPartition, kNoOffset, Millis{5});
  const auto wrong_with = [&](std::initializer_list<const char*> values) {
    return ledger.check_log(kPartition, log_of(values));
  };

  EXPECT_THAT(wrong_with({"1:0"}), Optional(HasSubstr("1:1 was acknowledged")));
  EXPECT_THAT(wrong_with({"1:0", "1:1", "1:1"}), Optional(HasSubstr("there twice")));
  EXPECT_THAT(wrong_with({"1:0", "1:2", "1:1"}), Optional(HasSubstr("comes after 1:2")));
  EXPECT_THAT(wrong_with({"2:0", "1:0", "1:1"}), Optional(HasSubstr("acknowledged as 1:0")));
  EXPECT_THAT(wrong_with({"1:0", "1:1", "hello"}), Optional(HasSubstr("nobody sent")));
}

TEST(Ledger, SeesASecondPromise) {
  Ledger ledger;
  EXPECT_EQ(ledger.acknowledged({1, 0}, kPartition, Offset{3}, Millis{5}), std::nullopt);
  EXPECT_THAT(ledger.acknowledged({2, 0}, kPartition, Offset{3}, Millis{6}),
              Optional(HasSubstr("promised to 1:0 and to 2:0")));
  EXPECT_THAT(ledger.acknowledged({1, 0}, kPartition, Offset{4}, Millis{7}),
              Optional(HasSubstr("acknowledged twice")));
}

TEST(Ledger, SeesAHoleInTheOffsets) {
  const std::vector<Ledger::LogRecord> log{{Offset{5}, "1:0"}, {Offset{7}, "1:1"}};
  EXPECT_THAT(Ledger().check_log(kPartition, log), Optional(HasSubstr("offset 7 follows 5")));
}

TEST(Ledger, SeesAnAcknowledgedOffsetThatIsReadAsSomethingElse) {
  Ledger ledger;
  (void)ledger.acknowledged({1, 0}, kPartition, Offset{3}, Millis{5});
  EXPECT_EQ(ledger.check_read(kPartition, Offset{3}, "1:0"), std::nullopt);
  EXPECT_THAT(ledger.check_read(kPartition, Offset{3}, "2:9"), Optional(HasSubstr("read as 2:9")));
}

}  // namespace
}  // namespace millrace::simulation
