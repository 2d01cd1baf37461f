#include "base/edit_distance.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace millrace {
namespace {

TEST(EditDistance, CountsLettersInsertedDeletedAndReplaced) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("acks", "acks"), 0U);
  EXPECT_EQ(edit_distance("", "acks"), 4U);
  EXPECT_EQ(edit_distance("acks", ""), 4U);
  EXPECT_EQ(edit_distance("ack", "acks"), 1U);
  EXPECT_EQ(edit_distance("linger.ms", "linger_ms"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("ab", "ba"), 2U);
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
