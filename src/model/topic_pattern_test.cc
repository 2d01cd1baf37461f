#include "model/topic_pattern.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace millrace {
namespace {

TEST(TopicPattern, MatchesWholeNames) {
  struct Case {
    std::string pattern;
    std::string topic;
    bool is_match;
  };
  const std::vector<Case> cases{
      {"orders-.*", "orders-eu", true},
      {"orders-.*", "orders", false},
      {"orders", "orders-eu", false},
      {"ders", "orders", false},
      {"a|ab", "ab", true},
      {"(?i)ORDERS", "orders", true},
      {R"(t\.[0-9]+)", "t.12", true},
      {R"(t\.[0-9]+)", "tx12", false},
      {".*", "", true},
      {"", "a", false},
  };
  for (const auto& [text, topic, is_match] : cases) {
    const auto pattern = TopicPattern::compile(text);
    ASSERT_TRUE(pattern.ok()) << text;
    EXPECT_EQ(pattern->matches(topic), is_match) << text << " and " << topic;
    EXPECT_EQ(pattern->text(), text);
  }
}

TEST(TopicPattern, RefusesWhatIsNoExpression) {
  for (const std::string text : {"(", "[a", "*", "a{2,1}", R"(\)", R"((a)\1)", "(?=a)", "\xff"}) {
    const auto pattern = TopicPattern::compile(text);
    ASSERT_FALSE(pattern.ok()) << text;
    EXPECT_EQ(pattern.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(pattern.error().message.find("RE2"), std::string::npos) << pattern.error().message;
  }
}

}  // namespace
}  // namespace millrace
