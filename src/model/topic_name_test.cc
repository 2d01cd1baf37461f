#include "model/topic_name.h"

#include <gtest/gtest.h>

#include <vector>

namespace millrace {
namespace {

TEST(TopicName, IsWhatKafkaTakes) {
  struct Case {
    std::string name;
    bool is_legal;
  };
  const std::vector<Case> cases{
      {"a", true},
      {"Orders.eu_west-1", true},
      {"...", true},
      {"", false},
      {".", false},
      {"..", false},
      {"a b", false},
      {"a/b", false},
      {"\xc3\xa4", false},
      {"a\nb", false},
      {std::string(249, 'x'), true},
      {std::string(250, 'x'), false},
      {std::string("a\0b", 3), false},
  };
  for (const auto& [name, is_legal] : cases) {
    EXPECT_EQ(!fault_of_topic_name(name).has_value(), is_legal) << "'" << name << "'";
  }
}

}  // namespace
}  // namespace millrace
