#include "base/edit_distance.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace {
namespace {

TEST(EditDistance, CountsLettersInsertedDeletedReplacedAndSwapped) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("acks", "acks"), 0U);
  EXPECT_EQ(edit_distance("", "acks"), 4U);
  EXPECT_EQ(edit_distance("acks", ""), 4U);
  EXPECT_EQ(edit_distance("ack", "acks"), 1U);
  EXPECT_EQ(edit_distance("linger.ms", "linger_ms"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("ab", "ba"), 1U);
  EXPECT_EQ(edit_distance("tpoic", "topic"), 1U);
  EXPECT_EQ(edit_distance("abc", "cab"), 2U);
}

TEST(EditDistance, OnlyWhatIsNearWasProbablyMeant) {
  const std::vector<std::string_view> words{"up", "topic", "produce", "consume",
                                            "compression.type"};
  const std::vector<std::pair<std::string_view, std::optional<std::string_view>>> cases{
      {"topic", "topic"},
      {"tpoic", "topic"},
      {"topics", "topic"},
      {"prodcue", "produce"},
      {"conusmer", "consume"},
      {"compresion_type", "compression.type"},
      {"u", "up"},
      {"is", std::nullopt},
      {"x", std::nullopt},
      {"", std::nullopt},
      {"tonic.x", std::nullopt},
      {"colour", std::nullopt},
      {"reduce", "produce"},
      {"something.else", std::nullopt},
  };
  for (const auto& [word, meant] : cases) EXPECT_EQ(probably_meant(word, words), meant) << word;
  EXPECT_EQ(probably_meant("topic", {}), std::nullopt);
}

RC_GTEST_PROP(EditDistance, IsTheSameBothWaysAndGrowsByOneALetter,
              (const std::string& left, const std::string& right)) {
  const std::size_t distance = edit_distance(left, right);
  RC_ASSERT(edit_distance(right, left) == distance);
  RC_ASSERT((distance == 0) == (left == right));
  RC_ASSERT(distance <= std::max(left.size(), right.size()));
  const std::size_t longer = edit_distance(left + "x", right);
  RC_ASSERT(longer + 1 >= distance);
  RC_ASSERT(longer <= distance + 1);
}

}  // namespace
}  // namespace millrace
