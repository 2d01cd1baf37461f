#include "cli/escapes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace millrace::cli {
namespace {

using namespace std::string_literals;

TEST(Escapes, AreReplaced) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", ""},           {"a:b", "a:b"},      {R"(\n\r\t)", "\n\r\t"}, {R"(a\\b)", "a\\b"},
      {R"(\")", "\""},    {R"(\0)", "\0"s},    {R"(\x41)", "A"},        {R"(\x1f\xff)", "\x1f\xff"},
      {R"(\xag)", "\ng"}, {R"(\x414)", "A4"s},
  };
  for (const auto& [text, wanted] : cases) {
    const auto found = unescaped("-D", text);
    ASSERT_TRUE(found.ok()) << text;
    EXPECT_EQ(*found, wanted) << text;
  }
}

TEST(Escapes, UnknownOnesAreRefusedWithThoseThereAre) {
  for (const std::string text : {R"(a\q)", R"(\x)", R"(\xzz)", R"(\7)", R"(\%)", R"(a\)"}) {
    const auto found = unescaped("-D", text);
    ASSERT_FALSE(found.ok()) << text;
    EXPECT_THAT(found.error().to_string(), testing::HasSubstr(R"(wanted one of \n \r \t \0 \xHH)"))
        << text;
    EXPECT_THAT(found.error().to_string(), testing::HasSubstr("-D")) << text;
  }
}

}  // namespace
}  // namespace millrace::cli
