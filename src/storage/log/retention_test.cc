#include "storage/log/retention.h"

#include <gtest/gtest.h>

#include <vector>

namespace millrace::storage {
namespace {

TEST(Retention, CountsWhatMayGoFromTheOldest) {
  const std::vector<SegmentAge> segments{{Offset{10}, 100, Timestamp{1000}},
                                         {Offset{20}, 100, Timestamp{3000}},
                                         {Offset{30}, 100, Timestamp{2000}},
                                         {Offset{40}, 50, Timestamp{4000}}};
  struct Case {
    const char* what;
    std::int64_t log_start, size_max, age_max, now;
    std::size_t count;
  };
  for (const Case& one : std::vector<Case>{
           {"no limits", 0, -1, -1, 999999, 0},
           {"start inside the first", 9, -1, -1, 0, 0},
           {"start after the second", 25, -1, -1, 0, 2},
           {"age: exactly as old as allowed stays", 0, -1, 1000, 2000, 0},
           {"age: one older goes", 0, -1, 1000, 2001, 1},
           {"age: a young one shields those after it", 0, -1, 1000, 3500, 1},
           {"age: all", 0, -1, 1000, 5001, 4},
           {"size: just fits", 0, 350, -1, 0, 0},
           {"size: less than a segment over", 0, 251, -1, 0, 0},
           {"size: a segment over", 0, 250, -1, 0, 1},
           {"size: zero takes all", 0, 0, -1, 0, 4},
           {"the larger of two reasons", 15, 150, -1, 0, 2},
       }) {
    EXPECT_EQ(expired_segments(segments, Offset{one.log_start}, {one.size_max, one.age_max},
                               Timestamp{one.now}),
              one.count)
        << one.what;
  }
  EXPECT_EQ(expired_segments(std::vector<SegmentAge>{{Offset{0}, 0, kNoTimestamp}}, Offset{0},
                             {0, 0}, Timestamp{1}),
            0U)
      << "an empty log stays";
}

}  // namespace
}  // namespace millrace::storage
