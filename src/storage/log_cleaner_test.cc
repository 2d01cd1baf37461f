// Cleaning a log: what stays of it, rule by rule, beside appends, and with the power cut at every
// step.
#include "storage/log_cleaner.h"

#include <gtest/gtest.h>

#include "storage/testing/cleaner_fixture.h"

namespace millrace::storage {
namespace {

using testing::CleanerFixture;
using testing::end_transaction;
using testing::KeyedRecord;
using testing::read_batches;
using testing::records_of;
using testing::table_of;
using Offsets = std::vector<std::int64_t>;

class LogCleanerTest : public CleanerFixture {
 protected:
  void SetUp() override { open(); }
};

TEST_F(LogCleanerTest, TheLastValueOfEachKeyStaysAtItsOffset) {
  put({.records = {{"a", "1"}, {"b", "1"}, {"a", "2"}}});
  put("c", "1");
  put("b", "2");
  const auto before = records_of(batches());
  seal_and_clean();
  EXPECT_EQ(offsets(), (Offsets{2, 3, 4}));
  EXPECT_EQ(records_of(batches()), (std::vector<KeyedRecord>{before[2], before[3], before[4]}));
  const auto first = batches().front().header;
  EXPECT_EQ(first.base_offset, Offset{0}) << "a batch keeps its bounds";
  EXPECT_EQ(first.last_offset_delta, 2);
  EXPECT_EQ(first.record_count, 1);
  EXPECT_EQ(log->log_end_offset(), Offset{5});
  EXPECT_EQ(checkpoint, Offset{5});
}

TEST_F(LogCleanerTest, WhatIsCleanMeetsTheKeysOfWhatIsDirty) {
  put("a", "1");
  put("b", "1");
  seal_and_clean();
  put("a", "2");
  seal_and_clean();
  EXPECT_EQ(offsets(), (Offsets{1, 2}));
  const auto again = clean();
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->has_value()) << "nothing is dirty";
}

TEST_F(LogCleanerTest, TheActiveSegmentIsLeft) {
  put("a", "1");
  seal();
  put("a", "2");
  ASSERT_TRUE(clean().ok());
  EXPECT_EQ(offsets(), (Offsets{0, 1}));
}

TEST_F(LogCleanerTest, ATombstoneStaysForItsRetentionFromWhenItWasClean) {
  put("a", "1");
  put("a", std::nullopt);
  put("b", "1");
  seal_and_clean(2000);
  EXPECT_EQ(offsets(), (Offsets{1, 2}));
  const auto tombstone = batches().front();
  EXPECT_EQ(tombstone.header.attributes & 0x40, 0x40);
  EXPECT_EQ(tombstone.header.base_timestamp, Timestamp{3000}) << "the horizon";
  EXPECT_EQ(tombstone.records.front().timestamp, 1000) << "its time is what it was";
  put("c", "1");
  seal_and_clean(2999);
  EXPECT_EQ(offsets(), (Offsets{1, 2, 3})) << "the horizon does not move";
  put("c", "2");
  seal_and_clean(3000);
  EXPECT_EQ(offsets(), (Offsets{2, 4}));
}

TEST_F(LogCleanerTest, CompressedBatchesKeepTheirCodec) {
  for (const auto codec : {wire::Compression::kGzip, wire::Compression::kSnappy,
                           wire::Compression::kLz4, wire::Compression::kZstd}) {
    put({.records = {{"a", std::string(500, 'x')}, {"b", std::string(500, 'y')}},
         .options = {.compression = codec}});
  }
  put("a", "last");
  seal_and_clean();
  EXPECT_EQ(offsets(), (Offsets{7, 8}));
  EXPECT_EQ(batches().front().header.compression(), wire::Compression::kZstd);
  EXPECT_EQ(records_of(batches()).front().value, std::string(500, 'y'));
}

TEST_F(LogCleanerTest, RecordsWithoutKeyGo) {
  config.cleanup_policy_compact = false;
  log->set_config(config);
  wire::RecordBatchBuilder builder;
  builder.append(Timestamp{1000}, std::nullopt, "no key");
  Buffer batch = builder.build();
  ASSERT_TRUE(
      log->append(std::span(batch.data(), batch.size()), LeaderEpoch{0}, Timestamp{1000}).ok());
  config.cleanup_policy_compact = true;
  log->set_config(config);
  put("a", "1");
  seal_and_clean();
  EXPECT_EQ(offsets(), (Offsets{1}));
}

TEST_F(LogCleanerTest, ABatchWithoutRecordsKeepsWhereAProducerStands) {
  put({.records = {{"a", "1"}}, .options = producer(7, 0)});
  put({.records = {{"a", "2"}}, .options = producer(7, 1)});
  put("a", "3");
  seal_and_clean();
  const auto left = batches();
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left[0].header.record_count, 0);
  EXPECT_EQ(left[0].header.base_sequence, 1);
  EXPECT_EQ(left[0].header.base_offset, Offset{1});
  // After a stop that took the snapshots along, that batch tells of the producer.
  for (const auto& name : names(".snapshot")) {
    ASSERT_TRUE(files.remove("/data/topic-0/" + name).ok());
  }
  open(PreviousStop::kUnclean);
  EXPECT_EQ(put({.records = {{"a", "2"}}, .options = producer(7, 1)}), Offset{1}) << "again";
  put({.records = {{"a", "4"}}, .options = producer(7, 2)});
  seal_and_clean();
  EXPECT_EQ(batches().front().header.base_sequence, 2) << "the older one went";
}

TEST_F(LogCleanerTest, ATimeIsNotFoundInABatchThatWasEmptied) {
  put({.records = {{"a", "1"}}, .timestamp = 5000, .options = producer(7, 0)});
  put({.records = {{"a", "2"}}, .timestamp = 3000});
  put({.records = {{"b", "1"}}, .timestamp = 2000});
  seal_and_clean();
  ASSERT_EQ(batches().front().header.record_count, 0);
  EXPECT_EQ(log->max_timestamp().value()->offset, Offset{1});
  EXPECT_FALSE(log->offset_for_timestamp(Timestamp{4000}).value().has_value());
  EXPECT_EQ(log->offset_for_timestamp(Timestamp{1000}).value()->offset, Offset{1});
}

TEST_F(LogCleanerTest, RecordsOfAbortedTransactionsGoAndTheirMarkersAfterTheHorizon) {
  put("a", "kept");
  put({.records = {{"a", "aborted"}, {"b", "aborted"}}, .options = producer(7, 0, true)});
  ASSERT_TRUE(end_transaction(*log, 7, {.result = wire::TransactionResult::kAbort}).ok());
  put({.records = {{"b", "committed"}}, .options = producer(7, 2, true)});
  ASSERT_TRUE(end_transaction(*log, 7).ok());
  seal_and_clean(2000);
  EXPECT_EQ(offsets(), (Offsets{0, 4}));
  const auto controls = [&] {
    Offsets found;
    for (const auto& batch : batches()) {
      if (batch.header.is_control()) found.push_back(batch.header.base_offset.value());
    }
    return found;
  };
  EXPECT_EQ(controls(), (Offsets{3, 5}))
      << "the abort's has a horizon, the commit's records are there";
  put("c", "1");
  seal_and_clean(3000);
  EXPECT_EQ(controls(), (Offsets{5}));
  EXPECT_EQ(offsets(), (Offsets{0, 4, 6}));
  open(PreviousStop::kUnclean);
  EXPECT_EQ(log->last_stable_offset(), log->log_end_offset()) << "no transaction is left open";
}

TEST_F(LogCleanerTest, AMarkerStaysAsLongAsItsTransactionsEmptyBatch) {
  put({.records = {{"a", "1"}}, .options = producer(7, 0, true)});
  ASSERT_TRUE(end_transaction(*log, 7, {.result = wire::TransactionResult::kAbort}).ok());
  put("b", "1");
  seal_and_clean(2000);
  put("b", "2");
  seal_and_clean(9000);
  for (const auto& name : names(".snapshot")) {
    ASSERT_TRUE(files.remove("/data/topic-0/" + name).ok());
  }
  open(PreviousStop::kUnclean);
  EXPECT_EQ(log->last_stable_offset(), log->log_end_offset());
  EXPECT_EQ(offsets(), (Offsets{3}));
}

TEST_F(LogCleanerTest, AnOpenTransactionIsNotTouched) {
  put("a", "1");
  put("a", "2");
  seal();
  put({.records = {{"a", "3"}}, .options = producer(7, 0, true)});
  seal();
  put("a", "4");
  seal();
  ASSERT_TRUE(clean().ok());
  EXPECT_EQ(offsets(), (Offsets{1, 2, 3}));
  ASSERT_TRUE(end_transaction(*log, 7, {.result = wire::TransactionResult::kAbort}).ok());
  seal_and_clean();
  EXPECT_EQ(offsets(), (Offsets{3}));
}

/// Its records lie before the last stable offset, its marker behind what is cleaned.
TEST_F(LogCleanerTest, ATransactionThatEndsBehindWhatIsCleanedIsKnown) {
  put("a", "kept");
  put({.records = {{"a", "aborted"}}, .options = producer(7, 0, true)});
  seal();
  ASSERT_TRUE(end_transaction(*log, 7, {.result = wire::TransactionResult::kAbort}).ok());
  ASSERT_TRUE(log->flush().ok());
  ASSERT_TRUE(clean().ok());
  EXPECT_EQ(offsets(), (Offsets{0}));
}

TEST_F(LogCleanerTest, KeysThatDoNotFitWaitForTheNextPass) {
  LogCleaner small({.dedupe_bytes_max = 10 * KeyOffsets::kBytesPerKey}, Random(1));
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 25; ++i) put("key" + std::to_string(i), std::to_string(round));
  }
  seal();
  const auto wanted = table_of(records_of(batches()));
  int passes = 0;
  for (bool has_more = true; has_more; ++passes) {
    const auto cleaned = small.clean(writer(), checkpoint, Timestamp{2000});
    ASSERT_TRUE(cleaned.ok()) << cleaned.error().message;
    ASSERT_TRUE(cleaned->has_value());
    EXPECT_GT((*cleaned)->first_dirty, checkpoint.value_or(Offset{-1}));
    checkpoint = (*cleaned)->first_dirty;
    has_more = (*cleaned)->has_more;
    EXPECT_EQ(table_of(records_of(batches())), wanted);
  }
  EXPECT_GE(passes, 3);
  EXPECT_EQ(offsets().size(), 25U);
}

TEST_F(LogCleanerTest, SmallSegmentsBecomeOne) {
  for (int i = 0; i < 6; ++i) {
    put("key" + std::to_string(i % 2), std::to_string(i));
    seal();
  }
  EXPECT_EQ(log->segment_count(), 7U);
  const auto cleaned = clean();
  ASSERT_TRUE(cleaned.ok() && cleaned->has_value());
  EXPECT_EQ(log->segment_count(), 2U);
  EXPECT_EQ((*cleaned)->segments_before, 6U);
  EXPECT_LT((*cleaned)->bytes_after, (*cleaned)->bytes_before);
  EXPECT_EQ(offsets(), (Offsets{4, 5}));
}

TEST_F(LogCleanerTest, SmallSegmentsBecomeOneThoughNothingInThemGoes) {
  for (int i = 0; i < 3; ++i) {
    put("key" + std::to_string(i), "1");
    seal();
  }
  const auto cleaned = clean();
  ASSERT_TRUE(cleaned.ok() && cleaned->has_value());
  EXPECT_EQ((*cleaned)->bytes_after, (*cleaned)->bytes_before);
  EXPECT_EQ(log->segment_count(), 2U);
  EXPECT_EQ(offsets(), (Offsets{0, 1, 2}));
}

TEST_F(LogCleanerTest, ASegmentInWhichNothingWentIsNotWrittenAgain) {
  config.segment_bytes = 1000;
  log->set_config(config);
  for (int i = 0; i < 20; ++i) put("key" + std::to_string(i), std::string(100, 'v'));
  put("key19", "2");
  seal();
  const auto files_before = names(".log");
  ASSERT_GT(files_before.size(), 2U);
  std::vector<std::string> swapped;
  const WithWriter counting = [&](const std::function<Status(PartitionLog&)>& work) {
    for (const auto& name : names(".cleaned")) swapped.push_back(name);
    return work(*log);
  };
  const auto cleaned = cleaner.clean(counting, {}, Timestamp{2000});
  ASSERT_TRUE(cleaned.ok() && cleaned->has_value());
  for (const auto& name : swapped) EXPECT_FALSE(name.starts_with(files_before.front())) << name;
  EXPECT_FALSE(swapped.empty());
  EXPECT_EQ((*cleaned)->segments_after, (*cleaned)->segments_before);
  EXPECT_LT((*cleaned)->bytes_after, (*cleaned)->bytes_before);
  Offsets wanted;
  for (int i = 0; i < 19; ++i) wanted.push_back(i);
  wanted.push_back(20);
  EXPECT_EQ(offsets(), wanted) << "what lies before the first change is copied too";
}

/// A run of segments that could not be read is not passed over: what it holds would come back once
/// the tombstones behind it are gone.
TEST_F(LogCleanerTest, ASegmentOfWhichAFileIsGoneStopsThePass) {
  put("a", "1");
  put({.records = {{"a", "aborted"}}, .options = producer(7, 0, true)});
  ASSERT_TRUE(end_transaction(*log, 7, {.result = wire::TransactionResult::kAbort}).ok());
  put("a", std::nullopt);
  seal();
  for (const std::string suffix : {".txnindex", ".log"}) {
    ASSERT_TRUE(files.remove("/data/topic-0/00000000000000000000" + suffix).ok());
    const auto cleaned = clean();
    ASSERT_FALSE(cleaned.ok()) << suffix;
    EXPECT_EQ(cleaned.error().code, ErrorCode::kNotFound);
    EXPECT_EQ(checkpoint, std::nullopt);
  }
}

TEST_F(LogCleanerTest, ALogThatIsOutOfUseIsNotRead) {
  put("a", "1");
  put("a", "2");
  seal();
  put("a", "3");
  files.fail_call(1, sim::Fault::kIo);
  ASSERT_FALSE(log->flush().ok());
  files.clear_fault();
  const std::uint64_t calls = files.call_count();
  EXPECT_EQ(wire::kafka_error_of(clean().error()), wire::KafkaError::kKafkaStorageError);
  EXPECT_EQ(files.call_count(), calls);
}

TEST_F(LogCleanerTest, AppendsAndDeletionsGoOnMeanwhile) {
  for (int i = 0; i < 20; ++i) put("key" + std::to_string(i % 5), std::to_string(i));
  seal();
  int asked = 0;
  LogCleaner beside({.must_stop =
                         [&] {
                           ++asked;
                           put("key" + std::to_string(asked % 5), "new");
                           return false;
                         }},
                    Random(1));
  const auto cleaned = beside.clean(writer(), {}, Timestamp{2000});
  ASSERT_TRUE(cleaned.ok()) << cleaned.error().message;
  EXPECT_GE(asked, 40);
  EXPECT_EQ(offsets().size(), 5U + static_cast<std::size_t>(asked));
}

TEST_F(LogCleanerTest, APassThatIsStoppedLeavesTheLogAsItWas) {
  put("a", "1");
  put("a", "2");
  seal();
  for (int calls = 0; calls < 6; ++calls) {
    int left = calls;
    LogCleaner stopped({.must_stop = [&] { return left-- == 0; }}, Random(1));
    EXPECT_EQ(stopped.clean(writer(), {}, Timestamp{2000}).error().code, ErrorCode::kCancelled);
    EXPECT_EQ(offsets(), (Offsets{0, 1}));
    EXPECT_TRUE(names(".cleaned").empty());
  }
}

TEST_F(LogCleanerTest, ABatchThatCannotBeReadStopsThePass) {
  put("a", "1");
  put("a", "2");
  seal();
  auto file =
      files.open("/data/topic-0/00000000000000000000.log", io::OpenMode::kCreateOrReadWrite);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file.value()->truncate(0).ok());
  Buffer batch = testing::make_keyed_batch({.records = {{"a", "1"}}});
  char& last = batch.data()[batch.size() - 2];
  last = static_cast<char>(last ^ 1);
  ASSERT_TRUE(file.value()->append(batch.view()).ok());
  ASSERT_TRUE(file.value()->append(batch.view()).ok());
  EXPECT_EQ(clean().error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(names(".cleaned").empty());
}

TEST_F(LogCleanerTest, ALogThatIsNotCompactedIsLeft) {
  put("a", "1");
  put("a", "2");
  seal();
  config.cleanup_policy_compact = false;
  log->set_config(config);
  EXPECT_FALSE(clean().value().has_value());
  EXPECT_FALSE(LogCleaner::look_at(*log, {}, Timestamp{2000})->is_due);
  config.cleanup_policy_compact = true;
  log->set_config(config);
  EXPECT_TRUE(LogCleaner::look_at(*log, {}, Timestamp{2000})->is_due);
}

TEST_F(LogCleanerTest, TheAgeOfTheFirstDirtyBatchIsLookedUp) {
  config.min_cleanable_dirty_ratio = 0.9;
  config.max_compaction_lag_ms = 500;
  log->set_config(config);
  for (int i = 0; i < 9; ++i) put("a" + std::to_string(i), "1");
  seal_and_clean();
  put("a", "2");
  seal();
  EXPECT_FALSE(LogCleaner::look_at(*log, checkpoint, Timestamp{1500})->is_due);
  EXPECT_TRUE(LogCleaner::look_at(*log, checkpoint, Timestamp{1501})->is_due);
}

TEST_F(LogCleanerTest, NoRecordWaitsInTheActiveSegmentForLongerThanTheMaximumLag) {
  config.max_compaction_lag_ms = 500;
  log->set_config(config);
  put({.records = {{"a", "1"}}, .timestamp = 1000});
  put({.records = {{"a", "2"}}, .timestamp = 1500});
  EXPECT_EQ(log->segment_count(), 1U);
  put({.records = {{"a", "3"}}, .timestamp = 1501});
  EXPECT_EQ(log->segment_count(), 2U);
}

/// Whatever call fails, and whatever the power takes: each key has its last value, before and after
/// the next pass.
TEST_F(LogCleanerTest, APowerCutAtAnyStepKeepsEveryLastValue) {
  config.segment_bytes = 300;
  bool reached_end = false;
  for (std::uint64_t step = 1; !reached_end; ++step) {
    sim::SimFileSystem disk;
    ASSERT_TRUE(disk.create_directories("/data").ok());
    ASSERT_TRUE(disk.sync_directory("/").ok());
    DelayedRemoval removal(disk);
    auto opened = PartitionLog::open(
        disk, "/data/topic-0", config,
        {.now = Timestamp{1000}, .previous_stop = PreviousStop::kClean, .removal = &removal});
    log = std::move(opened).value();
    for (int i = 0; i < 12; ++i) {
      put("key" + std::to_string(i % 4), "value " + std::to_string(i));
      if (i % 5 == 0) put("key3", std::nullopt);
    }
    seal();
    const auto wanted = table_of(records_of(batches()));
    const Offset end = log->log_end_offset();
    const Offset recovery_point = log->recovery_point();
    disk.fail_from(step, sim::Fault::kIo);
    const bool is_clean = clean(9000).ok();
    reached_end = !disk.fault_hit();
    EXPECT_TRUE(is_clean || !reached_end);
    checkpoint.reset();
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      const auto after = disk.crash(seed);
      auto again = PartitionLog::open(*after, "/data/topic-0", config,
                                      {Timestamp{1000}, PreviousStop::kUnclean, recovery_point});
      ASSERT_TRUE(again.ok()) << step << ' ' << seed << ' ' << again.error().message;
      EXPECT_EQ((*again)->log_end_offset(), end);
      const auto read = [&] { return table_of(records_of(*read_batches(**again))); };
      EXPECT_EQ(read(), wanted) << "step " << step << " seed " << seed;
      const WithWriter direct = [&](const auto& work) { return work(**again); };
      for (const std::int64_t now : {9000, 90'000}) {
        ASSERT_TRUE(cleaner.clean(direct, {}, Timestamp{now}).ok());
        EXPECT_EQ(read(), wanted) << "step " << step << " seed " << seed << " cleaned again";
      }
    }
    log.reset();
  }
}

}  // namespace
}  // namespace millrace::storage
