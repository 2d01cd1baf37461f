#include "cli/start_position.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace millrace::cli {
namespace {

TEST(StartPosition, UnderstandsEndsOffsetsAndTimes) {
  const std::vector<std::pair<std::string_view, StartPosition>> cases{
      {"earliest", LogEnd::kEarliest},
      {"latest", LogEnd::kLatest},
      {"0", Offset{0}},
      {"1200", Offset{1200}},
      {"@1431857103000", Timestamp{1431857103000}},
      {"2015-05-17", Timestamp{1431820800000}},
      {"2015-05-17T10:05:03", Timestamp{1431857103000}},
      {"2015-05-17T10:05:03Z", Timestamp{1431857103000}},
      {"2015-05-17T10:05:03.250Z", Timestamp{1431857103250}},
  };
  for (const auto& [text, wanted] : cases) {
    const auto position = parse_start_position("--from", text);
    ASSERT_TRUE(position.ok()) << text;
    EXPECT_EQ(*position, wanted) << text;
  }
}

TEST(StartPosition, RefusesTheRestWithTheFormsThereAre) {
  for (const std::string_view text :
       {"", "first", "-1", "1x", "@", "@x", "99999999999999999999", "2015-13-01", "2015-02-29",
        "2015-05-17T25:00:00Z", "2015-05-17 10:05:03", "2015-05-17T10:05",
        "2015-05-17T10:05:03+01"}) {
    const auto position = parse_start_position("--from", text);
    ASSERT_FALSE(position.ok()) << text;
    EXPECT_THAT(position.error().message, testing::HasSubstr("wanted --from earliest")) << text;
  }
}

TEST(StartPosition, IsoTimeOfATimestampReadsBack) {
  EXPECT_EQ(to_iso_time(Timestamp{1431857103250}), "2015-05-17T10:05:03.250Z");
  EXPECT_EQ(to_iso_time(Timestamp{-2}), "1969-12-31T23:59:59.998Z");
  EXPECT_EQ(to_iso_time(Timestamp{0}), "1970-01-01T00:00:00.000Z");
}

TEST(StartPosition, WhatIsNoTimeOfAFourDigitYearIsShownAsMilliseconds) {
  const std::vector<std::pair<std::int64_t, std::string_view>> cases{
      {INT64_MIN, "-9223372036854775808"},
      {INT64_MAX, "9223372036854775807"},
      {-62'167'219'200'001, "-62167219200001"},
      {-62'167'219'200'000, "0000-01-01T00:00:00.000Z"},
      {253'402'300'799'999, "9999-12-31T23:59:59.999Z"},
      {253'402'300'800'000, "253402300800000"},
      {-1, "-1"},  // of a record that has none
  };
  for (const auto& [millis, shown] : cases) EXPECT_EQ(to_iso_time(Timestamp{millis}), shown);
}

}  // namespace
}  // namespace millrace::cli
