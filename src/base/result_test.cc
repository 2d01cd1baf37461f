#include "base/result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/guarded.h"
#include "base/strong_id.h"

namespace millrace {
namespace {

using ::testing::HasSubstr;

Error an_error() {
  return {ErrorCode::kNotFound, "no such thing", 2};
}

TEST(Result, HoldsAValueOrAnError) {
  Result<int> value = 5;
  EXPECT_TRUE(value.ok());
  EXPECT_EQ(*value, 5);
  const Result<int> failure = an_error();
  EXPECT_FALSE(failure.ok());
  EXPECT_EQ(failure.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(failure.error().detail, 2);
}

TEST(Result, HandsOutWhatCanOnlyBeMoved) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 7);
}

TEST(Result, AStatusIsSuccessByDefault) {
  EXPECT_TRUE(Status{}.ok());
  EXPECT_FALSE(Status(an_error()).ok());
}

TEST(ResultDeathTest, ReadingTheWrongSideAbortsWithTheReason) {
  Result<int> failure = an_error();
  EXPECT_DEATH((void)failure.value(), "no such thing");
  const Result<int> value = 5;
  EXPECT_DEATH((void)value.error(), "holds a value");
  const Status success;
  EXPECT_DEATH((void)success.error(), "holds success");
}

TEST(CheckDeathTest, PrintsPlaceConditionAndValues) {
  const int found = 3;
  EXPECT_DEATH(CHECK(found == 4, "found {} of {}", found, "four"),
               "result_test.cc:[0-9]+: CHECK\\(found == 4\\) failed: found 3 of four");
}

TEST(Check, CostsNothingWhenItHolds) {
  int evaluated = 0;
  CHECK(true, "{}", ++evaluated);
  EXPECT_EQ(evaluated, 0);
}

TEST(Error, SaysItsCodeAndKeepsItUnderContext) {
  const Error error = an_error().with_context("opening the log");
  EXPECT_EQ(error.to_string(), "not found: opening the log: no such thing");
  EXPECT_EQ(error.detail, 2);
  EXPECT_FALSE(error.is_retriable());
  EXPECT_TRUE((Error{ErrorCode::kTimeout, ""}).is_retriable());
}

TEST(Error, EveryCodeHasAName) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::kKafka); ++code) {
    EXPECT_NE(error_code_name(static_cast<ErrorCode>(code)), "unknown") << code;
  }
}

TEST(StrongId, ComparesHashesAndPrintsAsItsNumber) {
  using Apples = StrongId<struct ApplesTag, std::int64_t>;
  using Pears = StrongId<struct PearsTag, std::int64_t>;
  static_assert(!std::is_convertible_v<std::int64_t, Apples>);
  static_assert(!std::is_convertible_v<Apples, std::int64_t>);
  static_assert(!std::is_constructible_v<Apples, Pears>);

  EXPECT_LT(Apples{1}, Apples{2});
  EXPECT_EQ(Apples{}, Apples{0});
  EXPECT_EQ(std::hash<Apples>{}(Apples{5}), std::hash<std::int64_t>{}(5));
  EXPECT_EQ(fmt::format("{:03}", Apples{7}), "007");
}

TEST(Guarded, GivesTheValueOnlyUnderItsLock) {
  Guarded<std::string> guarded("abc");
  const std::size_t size = guarded.with([](std::string& value) {
    value += "d";
    return value.size();
  });
  EXPECT_EQ(size, 4U);
}

}  // namespace
}  // namespace millrace
