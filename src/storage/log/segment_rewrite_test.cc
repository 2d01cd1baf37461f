// Replacing a run of segments by a copy: by the trivial one, by one that leaves records out, beside
// appends and deletions, and with the power cut at every step.
#include "storage/log/segment_rewrite.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <mutex>

#include "storage/testing/hooked_file_system.h"
#include "storage/testing/log_fixture.h"

namespace millrace::storage {
namespace {

using testing::append;
using testing::LogFixture;
using testing::read_log;
using testing::ReadRecord;
using testing::replace;

using Records = std::vector<ReadRecord>;

/// Copies the batches that `stays` wants.
Status copy_batches(SegmentRewrite& rewrite, const std::function<bool(Offset)>& stays) {
  Status status =
      rewrite.for_each_batch([&](std::string_view bytes, const wire::BatchHeader& header) {
        return stays(header.base_offset) ? rewrite.add(bytes) : Status{};
      });
  return status.ok() ? rewrite.finish() : status;
}

bool every(Offset /*base*/) {
  return true;
}
/// Nothing of the run's end: the old segments there lie wholly behind the copy's last batch.
bool every_third_at_first(Offset base) {
  return base.value() % 3 == 0 && base < Offset{4};
}

class SegmentRewriteTest : public LogFixture {
 protected:
  void fill(PartitionLog& into, int count = 10) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(append(into, {.values = {std::string(100, static_cast<char>('a' + i))},
                                .timestamp = 1000 + i})
                      .ok());
    }
    ASSERT_TRUE(into.flush().ok());
  }
  void open_filled() {
    config.segment_bytes = 400;
    config.index_interval_bytes = 0;
    config.cleanup_policy_compact = true;
    ASSERT_TRUE(files.create_directories("/data").ok());
    ASSERT_TRUE(files.sync_directory("/").ok());
    open();
    fill(*log);
    ASSERT_GE(log->segment_count(), 4U);
  }
};

TEST_F(SegmentRewriteTest, ACopyTakesThePlaceOfItsSegments) {
  open_filled();
  const auto before = read_log(*log);
  const auto snapshots = names(".snapshot");
  ASSERT_FALSE(snapshots.empty());
  auto rewrite = log->plan_rewrite(Offset{0}, log->log_end_offset());
  ASSERT_TRUE(rewrite.ok()) << rewrite.error().message;
  ASSERT_TRUE(copy_batches(*rewrite, every).ok());
  EXPECT_TRUE(rewrite->reaches_end());
  const Status replaced = replace(*log, std::move(*rewrite));
  ASSERT_TRUE(replaced.ok()) << replaced.error().message;

  EXPECT_EQ(log->segment_count(), 2U) << "one copy, and the active segment";
  EXPECT_EQ(read_log(*log), before);
  EXPECT_TRUE(names(".cleaned").empty());
  EXPECT_TRUE(names(".swap-range").empty());
  EXPECT_EQ(names(".snapshot"), snapshots) << "they tell of producers and not of segments";
  EXPECT_EQ(log->offset_for_timestamp(Timestamp{1004}).value()->offset, Offset{4});
  EXPECT_EQ(append(*log, {}).value().base_offset, Offset{10});
  const auto count = log->segment_count();
  ASSERT_TRUE(log->close().ok());
  open();
  EXPECT_EQ(log->segment_count(), count);
  EXPECT_EQ(read_log(*log)->size(), 11U);
}

TEST_F(SegmentRewriteTest, AReaderGoesOnBehindWhatACopyLeavesOut) {
  open_filled();
  auto rewrite = log->plan_rewrite(Offset{0}, log->log_end_offset()).value();
  const Offset end = rewrite.end();
  ASSERT_TRUE(copy_batches(rewrite, [](Offset base) { return base == Offset{2}; }).ok());
  EXPECT_FALSE(rewrite.reaches_end());
  ASSERT_TRUE(replace(*log, std::move(rewrite)).ok());
  const auto slice = log->read(Offset{3}, 1000, MinOneBatch::kYes);
  ASSERT_TRUE(slice.ok()) << slice.error().message;
  EXPECT_EQ(slice->first_batch_base, end);
  EXPECT_EQ(log->read(Offset{0}, 1000, MinOneBatch::kYes)->first_batch_base, Offset{2});
}

TEST_F(SegmentRewriteTest, AnEmptyCopyIsASegmentThatRetentionCanTake) {
  open_filled();
  auto rewrite = log->plan_rewrite(Offset{0}, Offset{6}).value();
  ASSERT_TRUE(copy_batches(rewrite, [](Offset) { return false; }).ok());
  ASSERT_TRUE(replace(*log, std::move(rewrite)).ok());
  const auto count = log->segment_count();
  ASSERT_TRUE(log->delete_records_before(Offset{9}).ok());
  EXPECT_LT(log->segment_count(), count - 1);
}

TEST_F(SegmentRewriteTest, ASliceOfAnOldSegmentStaysGood) {
  open_filled();
  const LogSlice slice = log->read(Offset{0}, 1000, MinOneBatch::kYes).value();
  auto rewrite = log->plan_rewrite(Offset{0}, log->log_end_offset()).value();
  ASSERT_TRUE(copy_batches(rewrite, every_third_at_first).ok());
  ASSERT_TRUE(replace(*log, std::move(rewrite)).ok());
  std::string bytes(slice.slice.size_bytes, '\0');
  ASSERT_EQ(slice.slice.file->read_at(slice.slice.position, bytes).value(), bytes.size());
  EXPECT_TRUE(testing::records_in(bytes).has_value());
}

TEST_F(SegmentRewriteTest, ACopyOfSegmentsThatAreGoneIsRefusedAndLeavesNothing) {
  open_filled();
  auto rewrite = log->plan_rewrite(Offset{0}, log->log_end_offset()).value();
  ASSERT_TRUE(copy_batches(rewrite, every).ok());
  ASSERT_TRUE(log->delete_records_before(Offset{4}).ok());
  const auto before = read_log(*log);
  EXPECT_EQ(replace(*log, std::move(rewrite)).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(read_log(*log), before);
  EXPECT_TRUE(names(".cleaned").empty());
  EXPECT_TRUE(append(*log, {}).ok());
}

TEST_F(SegmentRewriteTest, ACopyWithAGapAtItsEndIsForCompactedTopics) {
  open_filled();
  config.cleanup_policy_compact = false;
  log->set_config(config);
  auto rewrite = log->plan_rewrite(Offset{0}, log->log_end_offset()).value();
  ASSERT_TRUE(copy_batches(rewrite, [](Offset base) { return base == Offset{0}; }).ok());
  EXPECT_EQ(replace(*log, std::move(rewrite)).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(SegmentRewriteTest, RefusesBatchesThatDoNotBelongThere) {
  open_filled();
  auto rewrite = log->plan_rewrite(Offset{0}, log->log_end_offset()).value();
  std::string first;
  (void)rewrite.for_each_batch([&](std::string_view bytes, const wire::BatchHeader&) {
    if (first.empty()) first = bytes;
    return Status{};
  });
  ASSERT_TRUE(rewrite.add(first).ok());
  EXPECT_EQ(rewrite.add(first).error().code, ErrorCode::kInvalidArgument) << "does not grow";
  wire::patch_base_offset(first.data(), Offset{1000});
  EXPECT_EQ(rewrite.add(first).error().code, ErrorCode::kInvalidArgument) << "outside";
  EXPECT_EQ(rewrite.add(first.substr(0, 70)).error().code, ErrorCode::kInvalidArgument) << "cut";
}

TEST_F(SegmentRewriteTest, SegmentsThatMayNotBeOnDiskAreNotPlanned) {
  config.segment_bytes = 400;
  open();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(append(*log, {.values = {std::string(100, 'x')}}).ok());
  EXPECT_EQ(log->plan_rewrite(Offset{0}, Offset{10}).error().code, ErrorCode::kNotFound);
}

/// What each step of a replacement may leave: all of the old records, or those of the copy.
TEST_F(SegmentRewriteTest, APowerCutAtAnyStepLeavesTheOldSegmentsOrTheCopy) {
  config.segment_bytes = 400;
  config.index_interval_bytes = 0;
  config.cleanup_policy_compact = true;
  int kept_old = 0;
  int took_copy = 0;
  for (std::uint64_t step = 1;; ++step) {
    sim::SimFileSystem disk;
    ASSERT_TRUE(disk.create_directories("/data").ok());
    ASSERT_TRUE(disk.sync_directory("/").ok());
    DelayedRemoval removal(disk);
    auto opened = PartitionLog::open(
        disk, "/data/topic-0", config,
        {.now = Timestamp{1000}, .previous_stop = PreviousStop::kClean, .removal = &removal});
    log = std::move(opened).value();
    fill(*log);
    const Offset recovery_point = log->recovery_point();
    const Records old_records = *read_log(*log);
    disk.fail_from(step, sim::Fault::kIo);
    Offset end{0};
    if (auto rewrite = log->plan_rewrite(Offset{0}, log->log_end_offset()); rewrite.ok()) {
      end = rewrite->end();
      if (copy_batches(*rewrite, every_third_at_first).ok()) {
        (void)replace(*log, std::move(*rewrite)).ok();
      }
    }
    const bool went_through = !disk.fault_hit();
    const std::uint64_t calls = disk.call_count();
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const auto after = disk.crash(seed);
      for (int start = 0; start < 2;
           ++start) {  // finishing it must not be undone by the next start
        auto again = PartitionLog::open(*after, "/data/topic-0", config,
                                        {Timestamp{1000}, PreviousStop::kUnclean, recovery_point});
        ASSERT_TRUE(again.ok()) << step << ' ' << seed << ' ' << again.error().message;
        const auto found = read_log(**again);
        ASSERT_TRUE(found.has_value()) << "step " << step << " seed " << seed;
        EXPECT_EQ((*again)->log_end_offset(), Offset{10});
        if (*found == old_records) {
          ++kept_old;
          continue;
        }
        Records expected;
        for (const auto& record : old_records) {
          if (record.offset >= end.value() || every_third_at_first(Offset{record.offset}))
            expected.push_back(record);
        }
        EXPECT_EQ(*found, expected) << "step " << step << " seed " << seed << " call " << calls;
        ++took_copy;
      }
    }
    log.reset();
    if (went_through) break;
  }
  EXPECT_GT(kept_old, 0);
  EXPECT_GT(took_copy, 0);
}

/// Others do things while a copy is swapped in: the disk is told of in between.
class SegmentSwapBesideOthersTest : public SegmentRewriteTest {
 protected:
  static inline const std::string kPath = "/data/topic-0";

  SegmentSwapBesideOthersTest() {
    config.segment_bytes = 400;
    config.index_interval_bytes = 0;
    config.cleanup_policy_compact = true;
    EXPECT_TRUE(files.create_directories("/data").ok());
    EXPECT_TRUE(files.sync_directory("/").ok());
    log = open_hooked();
    fill(*log);
  }
  std::unique_ptr<PartitionLog> open_hooked() {
    auto opened = PartitionLog::open(
        hooked, kPath, config,
        {.now = Timestamp{1000}, .previous_stop = PreviousStop::kClean, .removal = &removal});
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return std::move(opened).value();
  }
  SegmentRewrite whole_copy() {
    auto rewrite = log->plan_rewrite(Offset{0}, log->log_end_offset()).value();
    EXPECT_TRUE(copy_batches(rewrite, every).ok());
    return rewrite;
  }
  /// Only one has the writer at a time, as in a broker.
  WithWriter writer() {
    return [this](const std::function<Status(PartitionLog&)>& work) {
      const std::lock_guard lock(writer_mutex);
      return work(*log);
    };
  }

  testing::HookedFileSystem hooked{files};
  DelayedRemoval removal{hooked};
  std::mutex writer_mutex;
};

TEST_F(SegmentSwapBesideOthersTest, AppendsWaitForNoSyncOfASwap) {
  auto rewrite = whole_copy();
  std::vector<std::future<Status>> appends;
  bool has_waited = false;
  hooked.during_sync = [&](const std::string& /*path*/) {
    if (has_waited) return;
    appends.push_back(std::async(std::launch::async, [&] {
      return writer()([](PartitionLog& its) {
        auto result = append(its, {.values = {std::string(100, 'z')}});
        return result.ok() ? Status{} : Status{result.error()};
      });
    }));
    has_waited = appends.back().wait_for(std::chrono::seconds(60)) != std::future_status::ready;
  };
  const Status replaced = log->replace(std::move(rewrite), writer());
  hooked.during_sync = nullptr;
  ASSERT_TRUE(replaced.ok()) << replaced.error().message;
  EXPECT_FALSE(has_waited) << "sync " << appends.size();
  EXPECT_GE(appends.size(), 3U);
  for (auto& appended : appends) EXPECT_TRUE(appended.get().ok());
  EXPECT_EQ(read_log(*log)->size(), 10U + appends.size());
  ASSERT_TRUE(log->close().ok());
  log = open_hooked();
  EXPECT_EQ(read_log(*log)->size(), 10U + appends.size());
}

/// The next start, which finishes a swap that counts, must not find half of it deleted.
TEST_F(SegmentSwapBesideOthersTest, WhatIsDeletedMeanwhileGoesAfterwards) {
  const auto all = *read_log(*log);
  const Records from_four(all.begin() + 4, all.end());
  auto rewrite = whole_copy();
  const Offset recovery_point = log->recovery_point();
  hooked.during_sync = [&](const std::string& /*path*/) {
    EXPECT_TRUE(log->delete_records_before(Offset{4}).ok());
    EXPECT_EQ(log->apply_retention(Timestamp{2000}).value(), 0U);
    EXPECT_EQ(log->log_start_offset(), Offset{4});
    EXPECT_FALSE(log->read(Offset{3}, 100, MinOneBatch::kYes).ok());
    EXPECT_EQ(*read_log(*log), from_four);
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      const auto after = files.crash(seed);
      auto again =
          PartitionLog::open(*after, kPath, config,
                             {Timestamp{1000}, PreviousStop::kUnclean, recovery_point, Offset{4}});
      ASSERT_TRUE(again.ok()) << again.error().message;
      EXPECT_EQ(*read_log(**again), from_four) << seed;
    }
  };
  ASSERT_TRUE(log->replace(std::move(rewrite), writer()).ok());
  hooked.during_sync = nullptr;
  EXPECT_EQ(*read_log(*log), from_four);
  const auto count = log->segment_count();
  ASSERT_TRUE(log->delete_records_before(Offset{10}).ok());
  EXPECT_LT(log->segment_count(), count) << "the copy is a segment like any other";
}

TEST_F(SegmentSwapBesideOthersTest, ALogThatIsDeletedMeanwhileLeavesAnotherOfItsNameAlone) {
  auto rewrite = whole_copy();
  std::unique_ptr<PartitionLog> former;
  int asked = 0;
  const WithWriter deletes = [&](const std::function<Status(PartitionLog&)>& work) {
    Status status = work(*log);
    if (++asked < 2) return status;
    EXPECT_TRUE(log->remove(Uuid{{1, 2}}).ok());
    former = std::move(log);
    log = open_hooked();
    fill(*log);
    return status;
  };
  PartitionLog& deleted = *log;
  EXPECT_EQ(wire::kafka_error_of(deleted.replace(std::move(rewrite), deletes).error()),
            wire::KafkaError::kKafkaStorageError);
  ASSERT_EQ(asked, 2);
  EXPECT_EQ(read_log(*log)->size(), 10U);
  EXPECT_TRUE(names(".deleted").empty());
  ASSERT_TRUE(log->close().ok());
  log = open_hooked();
  EXPECT_EQ(read_log(*log)->size(), 10U);
}

TEST_F(SegmentSwapBesideOthersTest, ACopyIsMadeWhenItsFirstBatchIsAdded) {
  auto rewrite = log->plan_rewrite(Offset{0}, log->log_end_offset()).value();
  EXPECT_TRUE(names(".cleaned").empty());
  ASSERT_TRUE(rewrite.add_before(Offset{5}).ok());
  EXPECT_EQ(names(".cleaned").size(), 1U);
  ASSERT_TRUE(rewrite.finish().ok());
  ASSERT_TRUE(replace(*log, std::move(rewrite)).ok());
  auto wanted = *read_log(*log);
  EXPECT_EQ(wanted.front().offset, 0);
  EXPECT_EQ(wanted[4].offset, 4);
  EXPECT_NE(wanted[5].offset, 5) << "only what lies before it was copied";
}

/// The same with the power cut in the middle of the recovery itself.
TEST_F(SegmentRewriteTest, APowerCutWhileARestartFinishesLeavesTheCopy) {
  open_filled();
  const Offset recovery_point = log->recovery_point();
  auto rewrite = log->plan_rewrite(Offset{0}, log->log_end_offset()).value();
  const Offset end = rewrite.end();
  const Records old_records = *read_log(*log);
  ASSERT_TRUE(copy_batches(rewrite, every_third_at_first).ok());
  // Step 3 is done, and nothing after it.
  files.fail_from(3, sim::Fault::kIo);
  EXPECT_FALSE(replace(*log, std::move(rewrite)).ok());
  files.clear_fault();
  ASSERT_EQ(names(".log.swap").size(), 1U);
  log.reset();
  const auto stopped = files.crash(1);
  Records expected;
  for (const auto& record : old_records) {
    if (record.offset >= end.value() || every_third_at_first(Offset{record.offset}))
      expected.push_back(record);
  }
  for (std::uint64_t step = 1;; ++step) {
    const auto disk = stopped->crash(1);
    disk->fail_from(step, sim::Fault::kIo);
    (void)PartitionLog::open(*disk, "/data/topic-0", config,
                             {Timestamp{1000}, PreviousStop::kUnclean, recovery_point})
        .ok();
    const bool went_through = !disk->fault_hit();
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const auto after = disk->crash(seed);
      auto again = PartitionLog::open(*after, "/data/topic-0", config,
                                      {Timestamp{1000}, PreviousStop::kUnclean, recovery_point});
      ASSERT_TRUE(again.ok()) << again.error().message;
      EXPECT_EQ(read_log(**again), expected) << "step " << step << " seed " << seed;
    }
    if (went_through) break;
  }
}

}  // namespace
}  // namespace millrace::storage
