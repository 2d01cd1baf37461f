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
    const auto position = parse_start_position(text);
    ASSERT_TRUE(position.ok()) << text;
    EXPECT_EQ(*position, wanted) << text;
  }
}

TEST(StartPosition, RefusesTheRestWithTheFormsThereAre) {
  for (const std::string_view text :
       {"", "first", "-1", "1x", "@", "@x", "99999999999999999999", "2015-13-01", "2015-02-29",
        "2015-05-17T25:00:00Z", "2015-05-17 10:05:03", "2015-05-17T10:05",
        "2015-05-17T10:05:03+01"}) {
    const auto position = parse_start_position(text);
    ASSERT_FALSE(position.ok()) << text;
    EXPECT_THAT(position.error().message, testing::HasSubstr("wanted --from earliest")) << text;
  }
}

TEST(StartPosition, IsoTimeOfATimestampReadsBack) {
  EXPECT_EQ(to_iso_time(Timestamp{1431857103250}), "2015-05-17T10:05:03.250Z");
  EXPECT_EQ(to_iso_time(Timestamp{-1}), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace millrace::cli
