#include "storage/compaction/cleaning_plan.h"

#include <gtest/gtest.h>

namespace millrace::storage {
namespace {

/// Ten offsets and a hundred bytes a segment; the segment from 10·n on has records of time 1000·n.
std::vector<CleanableSegment> segments_of(int count) {
  std::vector<CleanableSegment> segments;
  for (int i = 0; i < count; ++i) {
    segments.push_back({.base = Offset{10 * i},
                        .next = Offset{10 * i + 10},
                        .size_bytes = 100,
                        .newest = Timestamp{1000 * i},
                        .first_batch = Timestamp{1000 * i}});
  }
  return segments;
}

CleaningPlan plan(const LogConfig& config,
                  const CleaningLimits& limits = {Offset{0}, {}, Offset{999}},
                  std::int64_t now = 1'000'000) {
  return plan_cleaning(segments_of(5), limits, config, Timestamp{now});
}

TEST(CleaningPlan, AllButTheActiveSegmentIsDirtyAtFirst) {
  const auto all = plan({});
  EXPECT_EQ(all.first_dirty, Offset{0});
  EXPECT_EQ(all.end, Offset{40});
  EXPECT_EQ(all.clean_bytes, 0U);
  EXPECT_EQ(all.dirty_bytes, 400U);
  EXPECT_TRUE(all.is_due);
}

TEST(CleaningPlan, IsDueOnlyAboveTheDirtyRatio) {
  const auto at = [](std::int64_t checkpoint, double ratio) {
    return plan({.min_cleanable_dirty_ratio = ratio}, {Offset{0}, Offset{checkpoint}, Offset{999}});
  };
  EXPECT_EQ(at(30, 0.5).dirty_ratio(), 0.25);
  EXPECT_FALSE(at(30, 0.25).is_due) << "as much as the ratio is not more";
  EXPECT_TRUE(at(30, 0.24).is_due);
  EXPECT_FALSE(at(40, 0.0).is_due) << "nothing is dirty";
}

TEST(CleaningPlan, WhatIsNotStableIsLeft) {
  const auto limited = plan({}, {Offset{0}, {}, Offset{29}});
  EXPECT_EQ(limited.end, Offset{20}) << "the third segment reaches past it";
  EXPECT_EQ(limited.dirty_bytes, 200U);
}

TEST(CleaningPlan, YoungerThanTheMinimumLagStays) {
  const LogConfig config{.min_compaction_lag_ms = 1000};
  EXPECT_EQ(plan(config, {Offset{0}, {}, Offset{999}}, 3000).end, Offset{30});
  EXPECT_EQ(plan(config, {Offset{0}, {}, Offset{999}}, 2999).end, Offset{20});
}

TEST(CleaningPlan, WhatIsCleanMayBeYoung) {
  auto segments = segments_of(4);
  segments[1].newest = Timestamp{9999};
  const LogConfig config{.min_compaction_lag_ms = 1000};
  const auto at = [&](std::int64_t checkpoint) {
    return plan_cleaning(segments, {Offset{0}, Offset{checkpoint}, Offset{999}}, config,
                         Timestamp{10'000});
  };
  EXPECT_EQ(at(20).end, Offset{30});
  EXPECT_EQ(at(10).end, Offset{10}) << "what is dirty may not";
}

TEST(CleaningPlan, TheMaximumLagIsNoShorterThanTheMinimum) {
  const LogConfig config{.min_compaction_lag_ms = 5000,
                         .max_compaction_lag_ms = 1000,
                         .min_cleanable_dirty_ratio = 0.9};
  const CleaningLimits limits{Offset{0}, Offset{20}, Offset{999}};
  EXPECT_FALSE(plan(config, limits, 7000).is_due);
  EXPECT_TRUE(plan(config, limits, 7001).is_due);
}

TEST(CleaningPlan, AfterTheMaximumLagTheRatioDoesNotCount) {
  const LogConfig config{.max_compaction_lag_ms = 5000, .min_cleanable_dirty_ratio = 0.9};
  const CleaningLimits limits{Offset{0}, Offset{20}, Offset{999}};
  EXPECT_FALSE(plan(config, limits, 7000).is_due) << "the oldest that is dirty is of 2000";
  EXPECT_TRUE(plan(config, limits, 7001).is_due);
  EXPECT_FALSE(plan(config, {Offset{0}, Offset{40}, Offset{999}}, 99'000).is_due);
}

TEST(CleaningPlan, ACheckpointOutsideTheLogIsNone) {
  EXPECT_EQ(plan({}, {Offset{0}, Offset{41}, Offset{999}}).first_dirty, Offset{0});
  EXPECT_EQ(plan({}, {Offset{15}, Offset{3}, Offset{999}}).first_dirty, Offset{15});
  EXPECT_EQ(plan({}, {Offset{15}, Offset{3}, Offset{999}}).dirty_bytes, 300U)
      << "the first segment is retention's";
  EXPECT_EQ(plan({}, {Offset{15}, Offset{3}, Offset{999}}).clean_bytes, 0U) << "nor is it clean";
}

TEST(GroupSegments, NeighboursThatFitIntoOneSegmentBecomeOne) {
  const auto runs = group_segments(segments_of(5), Offset{0}, Offset{40}, {.segment_bytes = 250});
  EXPECT_EQ(runs,
            (std::vector<CleaningRun>{{Offset{0}, Offset{20}, 2}, {Offset{20}, Offset{40}, 2}}));
  EXPECT_EQ(group_segments(segments_of(5), Offset{0}, Offset{40}, {.segment_bytes = 200}).size(),
            2U)
      << "exactly";
  EXPECT_EQ(group_segments(segments_of(5), Offset{0}, Offset{40}, {.segment_bytes = 50}).size(), 4U)
      << "one that is larger than a segment may be is one of its own";
}

TEST(GroupSegments, ASegmentSpansNoMoreOffsetsThanItsIndexCanSay) {
  auto far = segments_of(3);
  far[1].next = far[2].base = Offset{std::int64_t{INT32_MAX} + 1};
  far[2].next = far[2].base + 10;
  EXPECT_EQ(group_segments(far, Offset{0}, far[2].base, {}).size(), 2U);
}

TEST(GroupSegments, AnIndexStaysWithinItsSize) {
  const LogConfig config{.segment_index_bytes = 16, .index_interval_bytes = 4096};
  EXPECT_EQ(group_segments(segments_of(5), Offset{0}, Offset{40}, config).size(), 2U);
}

TEST(GroupSegments, BeginsWithTheSegmentThatHoldsTheLogsStart) {
  const auto runs = group_segments(segments_of(5), Offset{10}, Offset{35}, {});
  EXPECT_EQ(runs, (std::vector<CleaningRun>{{Offset{10}, Offset{40}, 3}}));
}

}  // namespace
}  // namespace millrace::storage
