#include "apps/access_log/log_generator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "apps/access_log/access_line.h"

namespace millrace::access_log {
namespace {

TEST(LogGenerator, TheSameSeedGivesTheSameLog) {
  LogGenerator one(42);
  LogGenerator same(42);
  LogGenerator other(43);
  bool differs = false;
  for (int i = 0; i < 1000; ++i) {
    const std::string line = one.next_line();
    EXPECT_EQ(line, same.next_line());
    differs = differs || line != other.next_line();
  }
  EXPECT_TRUE(differs);
}

TEST(LogGenerator, IsOutOfOrderByUpToAMinuteAndSeldomBroken) {
  LogGenerator generator(1);
  Timestamp largest{0};
  std::int64_t lateness_max_ms = 0;
  int out_of_order = 0;
  int broken = 0;
  constexpr int kLines = 50'000;
  for (int i = 0; i < kLines; ++i) {
    const auto line = parse_access_line(generator.next_line());
    if (!line.ok()) {
      ++broken;
      continue;
    }
    lateness_max_ms = std::max(lateness_max_ms, largest.value() - line->time.value());
    if (line->time < largest) ++out_of_order;
    largest = std::max(largest, line->time);
  }
  EXPECT_GT(out_of_order, kLines / 4);
  EXPECT_GT(lateness_max_ms, 50'000);
  EXPECT_LE(lateness_max_ms, 60'000);
  EXPECT_GT(broken, 0);
  EXPECT_LT(broken, kLines / 1000);
}

}  // namespace
}  // namespace millrace::access_log
