#include "base/fence.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace millrace {
namespace {

TEST(Fence, AFunctionThatReturnsPassesUnchanged) {
  EXPECT_TRUE(fenced("it", [] {}).ok());
  const auto owned = fenced("it", [] { return std::make_unique<int>(7); });
  ASSERT_TRUE(owned.ok());
  EXPECT_EQ(**owned, 7);
  const Status refused = fenced("it", [] { return Status(Error{ErrorCode::kNotFound, "none"}); });
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kNotFound);
}

TEST(Fence, WhatIsThrownBecomesAnErrorThatNamesTheFunctionAndTheReason) {
  const auto result = fenced("the rule", []() -> int { throw std::runtime_error("no luck"); });
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kThrown);
  EXPECT_EQ(result.error().message, "the rule threw: no luck");
}

TEST(Fence, EvenWhatIsNoExceptionStopsThere) {
  const auto status = fenced("the rule", [] { throw 5; });  // NOLINT: what a user might do
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kThrown);
}

}  // namespace
}  // namespace millrace
