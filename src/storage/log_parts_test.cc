// The pure parts of the log, each as a table of facts.
#include <gtest/gtest.h>

#include "storage/log/leader_epochs.h"
#include "storage/log/retention.h"
#include "storage/segment/offset_index.h"
#include "storage/segment/segment_format.h"
#include "storage/segment/time_index.h"

namespace millrace::storage {
namespace {

TEST(SegmentFormat, NamesFilesByTwentyDigits) {
  EXPECT_EQ(segment_file_name(Offset{42}, kLogSuffix), "00000000000000000042.log");
  EXPECT_EQ(offset_of_file("00000000000000000042.log", kLogSuffix), Offset{42});
  for (const char* name : {"42.log", "00000000000000000042.index", "0000000000000000004x.log",
                           "99999999999999999999.log", "-0000000000000000042.log", ""}) {
    EXPECT_FALSE(offset_of_file(name, kLogSuffix).has_value()) << name;
  }
}

TEST(OffsetIndex, FindsTheLastEntryAtOrBefore) {
  OffsetIndex index(Offset{100});
  index.append(Offset{109}, 500);
  index.append(Offset{119}, 900);
  index.append(Offset{119}, 950);  // does not grow: left out
  EXPECT_EQ(index.size(), 2U);
  EXPECT_EQ(index.position_for(Offset{108}), 0U);
  EXPECT_EQ(index.position_for(Offset{109}), 500U);
  EXPECT_EQ(index.position_for(Offset{118}), 500U);
  EXPECT_EQ(index.position_for(Offset{10000}), 900U);
  EXPECT_EQ(index.boundary_before(499), 0U);
  EXPECT_EQ(index.boundary_before(500), 500U);
  EXPECT_EQ(index.boundary_before(5000000000), 900U);
}

TEST(OffsetIndex, HasKafkasBytesAndRefusesOthers) {
  OffsetIndex index(Offset{100});
  index.append(Offset{109}, 500);
  const std::string bytes = index.encode();
  EXPECT_EQ(bytes, std::string("\0\0\0\x09\0\0\1\xf4", 8));
  EXPECT_EQ(OffsetIndex::decode(Offset{100}, bytes, 501)->position_for(Offset{109}), 500U);
  EXPECT_FALSE(OffsetIndex::decode(Offset{100}, bytes, 500).ok()) << "points past the file";
  EXPECT_FALSE(OffsetIndex::decode(Offset{100}, bytes + "x", 501).ok());
  EXPECT_FALSE(OffsetIndex::decode(Offset{100}, bytes + bytes, 501).ok()) << "does not grow";
  EXPECT_FALSE(OffsetIndex::decode(Offset{100}, std::string(8, '\0'), 501).ok())
      << "zeros, as a torn write leaves them";
}

TEST(TimeIndex, HasKafkasBytesAndFindsTheLastOlderEntry) {
  TimeIndex index(Offset{100});
  index.append({Timestamp{1000}, Offset{109}});
  index.append({Timestamp{1000}, Offset{119}});  // no newer: left out
  index.append({Timestamp{2000}, Offset{129}});
  EXPECT_EQ(index.encode(), std::string("\0\0\0\0\0\0\3\xe8\0\0\0\x09"
                                        "\0\0\0\0\0\0\7\xd0\0\0\0\x1d",
                                        24));
  EXPECT_EQ(index.offset_before(Timestamp{999}), Offset{100});
  EXPECT_EQ(index.offset_before(Timestamp{1999}), Offset{109});
  EXPECT_EQ(index.offset_before(Timestamp{2000}), Offset{129});
  EXPECT_EQ(TimeIndex::decode(Offset{100}, index.encode())->last().offset, Offset{129});
  EXPECT_FALSE(TimeIndex::decode(Offset{100}, "odd").ok());
  const std::string one = index.encode().substr(0, 12);
  EXPECT_FALSE(TimeIndex::decode(Offset{100}, one + one).ok());
}

TEST(LeaderEpochs, KnowWhereEachEpochEnds) {
  LeaderEpochs epochs;
  EXPECT_TRUE(epochs.assign(LeaderEpoch{2}, Offset{10}));
  EXPECT_FALSE(epochs.assign(LeaderEpoch{2}, Offset{15})) << "it began already";
  EXPECT_TRUE(epochs.assign(LeaderEpoch{5}, Offset{20}));
  struct Case {
    std::int32_t asked, epoch;
    std::int64_t end;
  };
  for (const Case& one : {Case{5, 5, 30}, Case{2, 2, 20}, Case{4, 2, 20}, Case{1, 1, 10},
                          Case{6, -1, -1}, Case{-1, -1, -1}}) {
    const EpochEndOffset found = epochs.end_offset_for(LeaderEpoch{one.asked}, Offset{30});
    EXPECT_EQ(found.epoch.value(), one.epoch) << one.asked;
    EXPECT_EQ(found.end_offset.value(), one.end) << one.asked;
  }
}

TEST(LeaderEpochs, AreCutAtBothEnds) {
  LeaderEpochs epochs;
  for (const std::int32_t epoch : {0, 1, 2}) {
    epochs.assign(LeaderEpoch{epoch}, Offset{epoch * 10});
  }
  EXPECT_FALSE(epochs.truncate_from_start(Offset{0}));
  EXPECT_TRUE(epochs.truncate_from_start(Offset{12}));
  EXPECT_EQ(epochs.starts().front(), (EpochStart{LeaderEpoch{1}, Offset{12}}));
  EXPECT_FALSE(epochs.truncate_from_end(Offset{21}));
  EXPECT_TRUE(epochs.truncate_from_end(Offset{20}));
  EXPECT_EQ(epochs.latest(), LeaderEpoch{1});
}

TEST(LeaderEpochs, HaveKafkasCheckpointText) {
  LeaderEpochs epochs;
  epochs.assign(LeaderEpoch{0}, Offset{0});
  epochs.assign(LeaderEpoch{3}, Offset{17});
  EXPECT_EQ(epochs.encode(), "0\n2\n0 0\n3 17\n");
  EXPECT_EQ(LeaderEpochs::decode(epochs.encode())->starts(), epochs.starts());
  for (const char* text : {"1\n0\n", "0\n1\n3\n", "0\n1\n3 x\n", "0\n2\n0 0\n", "junk"}) {
    EXPECT_FALSE(LeaderEpochs::decode(text).ok()) << text;
  }
}

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
