// The numbers that strangers and users may choose, at their extremes: every timestamp of a batch,
// every property that counts milliseconds, every offset in a file. Run it under the undefined-
// behaviour sanitizer: what it looks for beside the answers is a sum that overflows.
#include <gtest/gtest.h>

#include <array>

#include "base/byte_order.h"
#include "storage/log/log_appender.h"
#include "storage/log/retention.h"
#include "storage/testing/log_fixture.h"
#include "wire/crc32c.h"
#include "wire/record_batch_format.h"

namespace millrace::storage {
namespace {

using testing::append;
using testing::LogFixture;
using testing::make_batch;

constexpr std::array<std::int64_t, 9> kTimes{INT64_MIN, INT64_MIN + 1, -2,       -1, 0, 1,
                                             1000,      INT64_MAX - 1, INT64_MAX};

class ExtremesTest : public LogFixture {};

TEST_F(ExtremesTest, ABatchFromLongAgoDoesNotRollTheSegment) {
  config.message_timestamp_after_max_ms = INT64_MAX;
  open();
  ASSERT_TRUE(append(*log, {.timestamp = 1000}).ok());
  for (const std::int64_t time : {std::int64_t{-1}, INT64_MIN, INT64_MIN + 1}) {
    ASSERT_TRUE(append(*log, {.timestamp = time}).ok()) << time;
    EXPECT_EQ(log->segment_count(), 1U) << time;
  }
  ASSERT_TRUE(append(*log, {.timestamp = INT64_MAX}).ok());
  EXPECT_EQ(log->segment_count(), 2U) << "the other way round it is segment.ms later";
}

TEST_F(ExtremesTest, EveryTimestampMeetsEveryLimit) {
  for (const std::int64_t time : kTimes) {
    for (const std::int64_t limit : {std::int64_t{0}, std::int64_t{1}, INT64_MAX}) {
      for (const std::int64_t now : {std::int64_t{0}, std::int64_t{1000}, INT64_MAX}) {
        config.message_timestamp_before_max_ms = limit;
        config.message_timestamp_after_max_ms = limit;
        std::string batch = make_batch({.timestamp = time});
        wire::InflationBudget budget;
        const auto checked = prepare_append(batch, std::make_shared<const LogConfig>(config),
                                            AppendOrigin::kClient, Timestamp{now}, budget);
        const auto distance =
            time > now ? static_cast<std::uint64_t>(time) - static_cast<std::uint64_t>(now)
                       : static_cast<std::uint64_t>(now) - static_cast<std::uint64_t>(time);
        const bool is_near = time == kNoTimestamp.value() || limit == INT64_MAX ||
                             distance <= static_cast<std::uint64_t>(limit);
        EXPECT_EQ(checked.ok(), is_near) << time << " at " << now << ", limit " << limit;
      }
    }
  }
}

TEST_F(ExtremesTest, EveryTimestampIsFoundAgainAndKeptOrDeletedByItsAge) {
  config.segment_bytes = 120;
  config.message_timestamp_after_max_ms = INT64_MAX;
  for (const std::int64_t age : {std::int64_t{0}, std::int64_t{1}, INT64_MAX}) {
    ASSERT_TRUE(files.remove_all("/data/topic-0").ok());
    config.retention_ms = age;
    config.segment_ms = age == 0 ? 1 : age;
    open();
    for (const std::int64_t time : kTimes) ASSERT_TRUE(append(*log, {.timestamp = time}).ok());
    EXPECT_EQ(log->max_timestamp().value()->timestamp, Timestamp{INT64_MAX});
    for (const std::int64_t time : kTimes) {
      const auto found = log->offset_for_timestamp(Timestamp{time}).value();
      ASSERT_TRUE(found.has_value()) << time;
      EXPECT_GE(found->timestamp, Timestamp{time});
    }
    log->expire_producers(Timestamp{INT64_MAX}, Millis::max());
    for (const std::int64_t now : {INT64_MIN, std::int64_t{-1}, std::int64_t{0}, INT64_MAX}) {
      EXPECT_TRUE(log->apply_retention(Timestamp{now}).ok()) << now;
    }
    ASSERT_TRUE(log->close().ok());
  }
}

TEST(Retention, SurvivesAnyClockAndAnyAge) {
  for (const std::int64_t newest : kTimes) {
    for (const std::int64_t now : kTimes) {
      for (const std::int64_t age : {std::int64_t{-1}, std::int64_t{0}, INT64_MAX}) {
        const std::array segments{SegmentAge{Offset{10}, 100, Timestamp{newest}}};
        const bool is_old = newest >= 0 && age == 0 && now > newest;
        EXPECT_EQ(expired_segments(segments, Offset{0}, {-1, age}, Timestamp{now}),
                  is_old ? 1U : 0U)
            << newest << ' ' << now << ' ' << age;
      }
    }
  }
}

TEST_F(ExtremesTest, AnOffsetNearTheEndOfAllOffsetsEndsTheLogAtRecovery) {
  open();
  ASSERT_TRUE(append(*log, {}).ok());
  ASSERT_TRUE(append(*log, {}).ok());
  const std::uint64_t one = log->size_bytes() / 2;
  ASSERT_TRUE(log->flush().ok());
  log.reset();
  for (const std::int64_t offset : {INT64_MAX, INT64_MAX - 1, INT64_MIN}) {
    auto file = files.open("/data/topic-0/00000000000000000000.log", io::OpenMode::kReadWrite);
    std::array<char, sizeof offset> bytes;
    store_big_endian(bytes.data(), offset);  // outside the checksum
    ASSERT_TRUE(file.value()->write_at(one, {bytes.data(), bytes.size()}).ok());
    open(PreviousStop::kUnclean);
    EXPECT_EQ(log->log_end_offset(), Offset{1}) << offset;
    ASSERT_TRUE(append(*log, {}).ok());
    ASSERT_TRUE(log->flush().ok());
    log.reset();
  }
}

TEST_F(ExtremesTest, OfUntimedRecordsTheFirstHasTheLargestTimestamp) {
  open();
  EXPECT_FALSE(log->max_timestamp().value().has_value()) << "an empty log has none";
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(append(*log, {.values = {"a"}, .timestamp = -1}).ok());
  }
  const auto found = log->max_timestamp().value();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->offset, Offset{0});
  EXPECT_EQ(found->timestamp, kNoTimestamp);
  ASSERT_TRUE(log->delete_records_before(Offset{2}).ok());
  EXPECT_EQ(log->max_timestamp().value()->offset, Offset{2}) << "of those that are left";
}

}  // namespace
}  // namespace millrace::storage
