#include "cli/offset_reset.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace millrace::cli {
namespace {

const ResetBounds kLog{.start = Offset{10}, .end = Offset{50}, .committed = Offset{30}};

Offset reset(const ResetTarget& target, const ResetBounds& bounds = kLog) {
  const auto made = reset_offset(target, bounds);
  EXPECT_TRUE(made.ok());
  EXPECT_FALSE(made->is_moved_into_log);
  return made->offset;
}

void expect_moved(const ResetTarget& target, Offset to) {
  const auto made = reset_offset(target, kLog);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->offset, to);
  EXPECT_TRUE(made->is_moved_into_log);
}

TEST(OffsetReset, GoesToTheEndsOfTheLog) {
  EXPECT_EQ(reset(StartPosition{LogEnd::kEarliest}), Offset{10});
  EXPECT_EQ(reset(StartPosition{LogEnd::kLatest}), Offset{50});
}

TEST(OffsetReset, GoesToAnOffsetInTheLogAndToItsEndsOtherwise) {
  EXPECT_EQ(reset(StartPosition{Offset{10}}), Offset{10});
  EXPECT_EQ(reset(StartPosition{Offset{50}}), Offset{50});
  expect_moved(StartPosition{Offset{9}}, Offset{10});
  expect_moved(StartPosition{Offset{51}}, Offset{50});
}

TEST(OffsetReset, GoesToTheFirstRecordOfATimeAndToTheEndWhenNoneIsThatLate) {
  ResetBounds bounds = kLog;
  EXPECT_EQ(reset(StartPosition{Timestamp{7}}, bounds), Offset{50});
  bounds.at_time = Offset{12};
  EXPECT_EQ(reset(StartPosition{Timestamp{7}}, bounds), Offset{12});
}

TEST(OffsetReset, ShiftsFromWhatIsCommittedAndStaysInTheLog) {
  EXPECT_EQ(reset(ShiftBy{5}), Offset{35});
  EXPECT_EQ(reset(ShiftBy{-20}), Offset{10});
  expect_moved(ShiftBy{-21}, Offset{10});
  expect_moved(ShiftBy{INT64_MAX}, Offset{50});
  expect_moved(ShiftBy{INT64_MIN}, Offset{10});
}

TEST(OffsetReset, DoesNotShiftWhatIsNotCommitted) {
  const auto made = reset_offset(ShiftBy{1}, {.start = Offset{0}, .end = Offset{5}});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace millrace::cli
