#include "cli/duration.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>
#include <utility>

namespace millrace::cli {
namespace {

TEST(Duration, IsANumberAndItsUnit) {
  for (const auto& [text, millis] : {std::pair<std::string_view, std::int64_t>{"0ms", 0},
                                     {"250ms", 250},
                                     {"30s", 30'000},
                                     {"15m", 900'000},
                                     {"2h", 7'200'000},
                                     {"7d", 604'800'000}}) {
    const auto parsed = parse_duration("--older-than", text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(parsed->count(), millis) << text;
  }
}

TEST(Duration, IsRefusedWithoutAUnitOrBeyondWhatMillisecondsHold) {
  for (const std::string_view text : {"", "15", "m", "-1s", "1.5h", "15 m", "15min",
                                      "9223372036854775807s", "99999999999999999999ms"}) {
    const auto parsed = parse_duration("--older-than", text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(parse_duration("--older-than", "15").error().message,
            "wanted --older-than as a number and ms, s, m, h or d, such as 15m, found \"15\"");
}

}  // namespace
}  // namespace millrace::cli
