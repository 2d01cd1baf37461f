#include "cli/reading_start.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace millrace::cli {
namespace {

TEST(ReadingStart, UnderstandsPositionsTheLastRecordsAndKcatsWords) {
  const std::vector<std::pair<std::string_view, ReadingStart>> cases{
      {"earliest", StartPosition{LogEnd::kEarliest}},
      {"beginning", StartPosition{LogEnd::kEarliest}},
      {"latest", StartPosition{LogEnd::kLatest}},
      {"end", StartPosition{LogEnd::kLatest}},
      {"12", StartPosition{Offset{12}}},
      {"-12", LastRecords{12}},
      {"-0", LastRecords{0}},
      {"s@1431857103000", StartPosition{Timestamp{1431857103000}}},
      {"2015-05-17", StartPosition{Timestamp{1431820800000}}},
  };
  for (const auto& [text, wanted] : cases) {
    const auto start = parse_reading_start(text);
    ASSERT_TRUE(start.ok()) << text;
    EXPECT_EQ(*start, wanted) << text;
  }
}

TEST(ReadingStart, RefusesTheRestWithTheFormsThereAre) {
  for (const std::string_view text :
       {"", "-", "--5", "-x", "-5x", "-99999999999999999999", "stored", "s@", "first"}) {
    const auto start = parse_reading_start(text);
    ASSERT_FALSE(start.ok()) << text;
    EXPECT_THAT(start.error().message, testing::HasSubstr("-N for the last N")) << text;
  }
}

}  // namespace
}  // namespace millrace::cli
