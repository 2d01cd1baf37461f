#include "cli/json_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace millrace::cli {
namespace {

using testing::HasSubstr;

TEST(JsonText, IsTheValueThatWritesIt) {
  const std::string text = R"({"b":[1,-9223372036854775808,null,true],"a":{"text":"\u00e9\n"}})";
  const auto value = parse_json(text + " \n");
  ASSERT_TRUE(value.ok()) << value.error().to_string();
  EXPECT_EQ(to_json_line(*value),
            "{\"b\":[1,-9223372036854775808,null,true],\"a\":{\"text\":\"é\\n\"}}");
}

TEST(JsonText, SaysWhereItIsNoJson) {
  for (const char* text : {"", "{", "{\"a\" 1}", "[1,]", "nul", "{} {}", "\xff"}) {
    const auto value = parse_json(text);
    ASSERT_FALSE(value.ok()) << text;
    EXPECT_THAT(value.error().message, HasSubstr("wanted JSON, found")) << text;
  }
}

TEST(JsonText, RefusesDepthsThatWouldExhaustTheStack) {
  EXPECT_FALSE(parse_json(std::string(100'000, '[')).ok());
}

TEST(JsonText, RefusesNumbersThatItCannotKeep) {
  for (const char* text : {"1.5", "1e3", "9223372036854775808"})
    EXPECT_THAT(parse_json(text).error().message, HasSubstr("a whole number of 64 bits")) << text;
}

}  // namespace
}  // namespace millrace::cli
