// What readers may see of a log, with and without open transactions.
#include "storage/log/published_offsets.h"

#include <gtest/gtest.h>

#include "storage/testing/log_fixture.h"

namespace millrace::storage {
namespace {

using testing::append;
using testing::append_transactional;
using testing::end_transaction;
using testing::LogFixture;

using PublishedOffsetsTest = LogFixture;

TEST_F(PublishedOffsetsTest, TheStartNeverGoesBack) {
  PublishedOffsets offsets(Offset{5}, Offset{10}, kNoOffset);
  offsets.move_start(Offset{3});
  EXPECT_EQ(offsets.start(), Offset{5});
  offsets.move_start(Offset{7});
  EXPECT_EQ(offsets.start(), Offset{7});
}

TEST_F(PublishedOffsetsTest, TheLastStableOffsetIsTheStartOfTheOldestOpenTransaction) {
  open();
  const auto begin = [&](std::int64_t producer) {
    return append_transactional(*log, {.producer_id = producer});
  };
  const auto end = [&](std::int64_t producer) { return end_transaction(*log, producer); };
  const auto ends = [&] {
    return std::pair(log->last_stable_offset().value(), log->high_watermark().value());
  };
  using Ends = std::pair<std::int64_t, std::int64_t>;
  ASSERT_TRUE(append(*log, {.values = {"a"}}).ok());
  EXPECT_EQ(ends(), (Ends{1, 1}));
  ASSERT_TRUE(begin(7).ok());
  ASSERT_TRUE(begin(8).ok());
  EXPECT_EQ(ends(), (Ends{1, 3}));
  ASSERT_TRUE(end(7).ok());
  EXPECT_EQ(ends(), (Ends{2, 4}));
  ASSERT_TRUE(log->close().ok());
  open();
  EXPECT_EQ(ends(), (Ends{2, 4})) << "the producer snapshot knows of open transactions";
  open(PreviousStop::kUnclean);
  EXPECT_EQ(ends(), (Ends{2, 4}));
  ASSERT_TRUE(end(8).ok());
  EXPECT_EQ(ends(), (Ends{5, 5}));
}

}  // namespace
}  // namespace millrace::storage
