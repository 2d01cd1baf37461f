#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace millrace {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class LogTest : public ::testing::Test {
 protected:
  ~LogTest() override { set_log_level(LogLevel::kWarn); }

  static std::string logged(std::initializer_list<LogField> fields) {
    ::testing::internal::CaptureStderr();
    log_event(LogLevel::kWarn, "something happened", fields);
    return ::testing::internal::GetCapturedStderr();
  }
};

TEST_F(LogTest, ALineHasTimeLevelMessageAndFields) {
  EXPECT_THAT(logged({{"topic", "orders"}, {"bytes", 12}}),
              MatchesRegex("[0-9-]+T[0-9:.]+Z warning something happened topic=orders bytes=12\n"));
}

TEST_F(LogTest, ValuesThatWouldBeMisreadAreQuoted) {
  struct Case {
    std::string value;
    std::string written;
  };
  for (const Case& each :
       {Case{"plain", "k=plain\n"}, Case{"", "k=\"\"\n"}, Case{"two words", "k=\"two words\"\n"},
        Case{"a=b", "k=\"a=b\"\n"}, Case{"say \"hi\"", "k=\"say \\\"hi\\\"\"\n"},
        Case{"line\nbreak", "k=line\\nbreak\n"}, Case{"\x1b[31mred", "k=\\x1b[31mred\n"}}) {
    EXPECT_THAT(logged({{"k", each.value}}), EndsWith(each.written));
  }
}

TEST_F(LogTest, LinesBelowTheLevelAreDroppedUnbuilt) {
  set_log_level(LogLevel::kError);
  int built = 0;
  const auto count = [&built] { return ++built; };
  ::testing::internal::CaptureStderr();
  LOG_WARN("dropped", {{"count", count()}});
  LOG_ERROR("kept", {{"count", count()}});
  const std::string text = ::testing::internal::GetCapturedStderr();

  EXPECT_EQ(built, 1);
  EXPECT_THAT(text, HasSubstr("kept count=1"));
  EXPECT_FALSE(log_enabled(LogLevel::kWarn));
  set_log_level(LogLevel::kOff);
  EXPECT_FALSE(log_enabled(LogLevel::kError));
}

}  // namespace
}  // namespace millrace
