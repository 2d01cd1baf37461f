// Which transactions of a log were aborted, and what readers of committed records see of it:
// against a naive reader, from every offset, before and after every kind of stop.
#include <gtest/gtest.h>

#include "base/log.h"
#include "storage/testing/log_fixture.h"
#include "storage/testing/transaction_history.h"

namespace millrace::storage {
namespace {

using testing::append_transactional;
using testing::end_transaction;
using testing::expect_facts;
using testing::expect_seen;
using testing::LogFixture;
using testing::TransactionFacts;
using testing::TransactionHistory;
using wire::TransactionResult;

class AbortedTransactionsTest : public LogFixture {
 protected:
  AbortedTransactionsTest() {
    config.segment_bytes = 900;
    config.index_interval_bytes = 150;
    config.retention_ms = -1;
  }
  /// Ends one transaction in each of several segments.
  void fill() {
    Random random(7);
    TransactionHistory history(random);
    for (int i = 0; i < 60; ++i) history.append_to(*log);
    facts = history.facts();
    ASSERT_GE(log->segment_count(), 3U);
    ASSERT_GE(facts.aborted.size(), 4U);
  }
  std::vector<AbortedTransaction> all_aborted() const {
    return facts.aborted_in(Offset{0}, facts.last_stable);
  }
  std::string path_of(const std::string& name) { return "/data/topic-0/" + name; }
  /// With other bytes in a file, as after a stop.
  void expect_facts_with(const std::string& name, const std::string& bytes, PreviousStop stop,
                         Offset recovery_point) {
    ASSERT_TRUE(files.replace_atomically(path_of(name), bytes).ok());
    open(stop, recovery_point);
    expect_facts(*log, facts);
  }

  TransactionFacts facts;
};

TEST_F(AbortedTransactionsTest, AreFoundFromEveryOffsetAndAfterEveryStop) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    Random random(seed);
    TransactionHistory history(random);
    ASSERT_TRUE(files.remove_all("/data/topic-0").ok());
    open();
    for (int i = 0; i < 70; ++i) {
      history.append_to(*log);
      if (random.chance(0.1)) {
        ASSERT_TRUE(log->flush().ok());
      }
    }
    const TransactionFacts expected = history.facts();
    expect_facts(*log, expected);
    const Offset recovery_point = log->recovery_point();
    open(PreviousStop::kUnclean, recovery_point);
    expect_facts(*log, expected);
    open(PreviousStop::kUnclean);
    expect_facts(*log, expected);
    ASSERT_TRUE(log->close().ok());
    open();
    EXPECT_EQ(log->recovery().segments_scanned, 0);
    expect_facts(*log, expected);
    if (HasFatalFailure()) return;
  }
}

TEST_F(AbortedTransactionsTest, AreOfNoInterestWhereNoneWasAborted) {
  open();
  ASSERT_TRUE(append_transactional(*log, {.producer_id = 7}).ok());
  ASSERT_TRUE(end_transaction(*log, 7).ok());
  ASSERT_TRUE(log->close().ok());
  EXPECT_TRUE(names(".txnindex").empty()) << "as in Kafka, a file is there only with entries";
  open();
  EXPECT_TRUE(log->aborted_transactions(Offset{0}, Offset{2})->empty());
}

TEST_F(AbortedTransactionsTest, EndASegmentThatIsFullOfThem) {
  config.segment_index_bytes = 100;
  config.segment_bytes = 100'000;
  open();
  for (std::int32_t i = 0; i < 4; ++i) {
    ASSERT_TRUE(append_transactional(*log, {.producer_id = 7, .sequence = i}).ok());
    ASSERT_TRUE(end_transaction(*log, 7, {TransactionResult::kAbort}).ok());
  }
  EXPECT_EQ(log->segment_count(), 2U) << "34 bytes each, and memory for no more";
}

TEST_F(AbortedTransactionsTest, GoWithTheSegmentsOfTheirMarkers) {
  open();
  fill();
  ASSERT_TRUE(log->flush().ok());
  const auto all = names(".txnindex");
  ASSERT_GE(all.size(), 2U);
  const Offset start = facts.aborted.back().first_offset;
  ASSERT_TRUE(log->delete_records_before(start).ok());
  EXPECT_LT(names(".txnindex").size(), all.size());
  expect_facts(*log, facts);
  EXPECT_EQ(wire::kafka_error_of(log->aborted_transactions(Offset{0}, start).error()),
            wire::KafkaError::kOffsetOutOfRange);
  open(PreviousStop::kUnclean, Offset{0}, start);
  expect_seen(*log, facts);
}

TEST_F(AbortedTransactionsTest, TheLogsStartIsStableWhateverWasOpenBeforeIt) {
  open();
  ASSERT_TRUE(append_transactional(*log, {.values = {"a", "b", "c"}, .producer_id = 7}).ok());
  EXPECT_EQ(log->last_stable_offset(), Offset{0});
  ASSERT_TRUE(log->delete_records_before(Offset{2}).ok());
  EXPECT_EQ(log->last_stable_offset(), Offset{2});
}

TEST_F(AbortedTransactionsTest, AFileThatMakesNoSenseIsMadeAnew) {
  set_log_level(LogLevel::kOff);
  open();
  fill();
  const Offset recovery_point = log->recovery_point();
  ASSERT_TRUE(log->close().ok());
  for (const std::string& name : names(".txnindex")) {
    const std::string good = files.read_all(path_of(name)).value();
    ASSERT_FALSE(good.empty());
    std::string version = good;
    version[1] = 1;
    std::string backwards = good;
    std::fill_n(backwards.begin() + 10, 8, '\x7f');  // begins after its end
    for (const std::string& bad : {good.substr(0, good.size() - 1), good + good, version, backwards,
                                   std::string(34, '\0')}) {
      expect_facts_with(name, bad, PreviousStop::kClean, Offset{0});
      const auto there = files.read_all(path_of(name));
      EXPECT_EQ(there.ok() && *there == good,
                names(".log").back().substr(0, 20) != name.substr(0, 20))
          << "but for the active segment's, which is written when that is sealed or closed";
      expect_facts_with(name, good, PreviousStop::kUnclean, recovery_point);
      ASSERT_TRUE(log->close().ok());
    }
  }
  set_log_level(LogLevel::kWarn);
}

/// Every one of these could be, but for what the log's own clean stop noted.
TEST_F(AbortedTransactionsTest, AFileThatIsGoneOrNotAsItWasLeftIsMadeAnew) {
  set_log_level(LogLevel::kOff);
  open();
  fill();
  ASSERT_TRUE(log->close().ok());
  for (const std::string& name : names(".txnindex")) {
    SCOPED_TRACE(name);
    const std::string good = files.read_all(path_of(name)).value();
    ASSERT_FALSE(good.empty());
    log.reset();
    ASSERT_TRUE(files.remove(path_of(name)).ok());
    open();
    expect_facts(*log, facts);
    ASSERT_TRUE(log->close().ok());
    EXPECT_EQ(files.read_all(path_of(name)).value(), good);
    std::string other_producer = good;
    std::fill_n(other_producer.begin() + 2, 8, '\0');
    for (const std::string& bad :
         {std::string(), good.substr(0, good.size() - 34), other_producer}) {
      expect_facts_with(name, bad, PreviousStop::kClean, Offset{0});
      ASSERT_TRUE(log->close().ok());
      EXPECT_EQ(files.read_all(path_of(name)).value(), good);
    }
  }
  set_log_level(LogLevel::kWarn);
}

/// What is in its place could be, and the next start does not know of a clean stop any more.
TEST_F(AbortedTransactionsTest, AFileThatIsNotAsItWasLeftIsNotBelievedAfterAStopInTheMiddleEither) {
  set_log_level(LogLevel::kOff);
  open();
  fill();
  const Offset end = log->log_end_offset();
  ASSERT_TRUE(log->close().ok());
  const auto all = names(".txnindex");
  bool has_tried_all = false;
  for (std::uint64_t call = 1; !has_tried_all; ++call) {
    ASSERT_LT(call, 1000U);
    for (const std::string& name : all) {
      ASSERT_TRUE(files.replace_atomically(path_of(name), "").ok());
    }
    log.reset();
    files.fail_call(call, sim::Fault::kIo);
    const bool is_open =
        PartitionLog::open(files, "/data/topic-0", config, {Timestamp{1000}, PreviousStop::kClean})
            .ok();
    has_tried_all = !files.fault_hit();
    EXPECT_EQ(is_open, has_tried_all) << call;
    files.clear_fault();
    SCOPED_TRACE(call);
    open(PreviousStop::kUnclean, end);
    expect_facts(*log, facts);
    if (HasFailure()) break;
  }
  set_log_level(LogLevel::kWarn);
}

TEST_F(AbortedTransactionsTest, NeedNoRoomWhereTheirIndexHasOnlyGrownSinceTheLastCleanStop) {
  open();
  ASSERT_TRUE(append_transactional(*log, {.producer_id = 7}).ok());
  ASSERT_TRUE(end_transaction(*log, 7, {TransactionResult::kAbort}).ok());
  ASSERT_TRUE(log->close().ok());
  open();
  std::int32_t sequence = 1;
  while (log->segment_count() < 2) {
    ASSERT_TRUE(append_transactional(*log, {.producer_id = 7, .sequence = sequence++}).ok());
    ASSERT_TRUE(end_transaction(*log, 7, {TransactionResult::kAbort}).ok());
  }
  const std::string name = names(".txnindex").front();
  const std::string grown = files.read_all(path_of(name)).value();
  const Offset end = log->log_end_offset();
  const auto aborted = log->aborted_transactions(Offset{0}, end).value();
  ASSERT_GT(aborted.size(), 2U);

  files.fail_from(1, sim::Fault::kDiskFull);
  for (int start = 0; start < 2; ++start) {
    open(PreviousStop::kUnclean);
    EXPECT_EQ(log->aborted_transactions(Offset{0}, end).value(), aborted);
    EXPECT_EQ(files.read_all(path_of(name)).value(), grown);
  }
  files.clear_fault();
}

/// As in a directory that another version, or Kafka, wrote.
TEST_F(AbortedTransactionsTest, AreKnownToTheNextStartThoughTheLastOneNotedNothing) {
  set_log_level(LogLevel::kOff);
  open();
  fill();
  ASSERT_TRUE(log->close().ok());
  ASSERT_TRUE(files.remove(path_of("transaction-index-checkpoint")).ok());
  open();
  ASSERT_TRUE(log->close().ok());
  log.reset();
  for (const std::string& name : names(".txnindex")) {
    ASSERT_TRUE(files.remove(path_of(name)).ok());
  }
  open();
  expect_facts(*log, facts);
  set_log_level(LogLevel::kWarn);
}

TEST_F(AbortedTransactionsTest, AreMadeAnewWithAnIndexThatIsGone) {
  set_log_level(LogLevel::kOff);
  open();
  fill();
  ASSERT_TRUE(log->close().ok());
  log.reset();
  ASSERT_TRUE(files.remove(path_of("transaction-index-checkpoint")).ok());
  for (const std::string& name : names(".txnindex")) {
    ASSERT_TRUE(files.remove(path_of(name)).ok());
    ASSERT_TRUE(files.remove(path_of(name.substr(0, 20) + ".index")).ok());
  }
  open();
  expect_facts(*log, facts);
  set_log_level(LogLevel::kWarn);
}

/// After an unclean stop nothing that was not synced is believed, though it looks right.
TEST_F(AbortedTransactionsTest, NoBitOfAFileIsBelievedAfterAnUncleanStop) {
  set_log_level(LogLevel::kOff);
  open();
  fill();
  ASSERT_TRUE(log->close().ok());
  const std::string name = names(".txnindex").front();
  const std::string good = files.read_all(path_of(name)).value();
  for (std::size_t bit = 0; bit < 34 * 8; bit += 7) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_TRUE(files.replace_atomically(path_of(name), bad).ok());
    open(PreviousStop::kUnclean);
    EXPECT_EQ(log->aborted_transactions(Offset{0}, facts.last_stable).value(), all_aborted())
        << "bit " << bit;
    EXPECT_EQ(files.read_all(path_of(name)).value(), good);
  }
  for (const std::string& each : names(".txnindex")) {
    ASSERT_TRUE(files.remove(path_of(each)).ok());
  }
  open(PreviousStop::kUnclean);
  expect_facts(*log, facts);
  set_log_level(LogLevel::kWarn);
}

/// A snapshot is needed to know what was open where a segment begins; without one the log tells.
TEST_F(AbortedTransactionsTest, AreFoundAgainWithoutSnapshots) {
  set_log_level(LogLevel::kOff);
  open();
  fill();
  ASSERT_TRUE(log->close().ok());
  for (const std::string& each : names(".snapshot")) {
    ASSERT_TRUE(files.replace_atomically(path_of(each), "?").ok());
  }
  open(PreviousStop::kUnclean);
  expect_facts(*log, facts);
  set_log_level(LogLevel::kWarn);
}

void crash_seed(std::uint64_t seed, const LogConfig& config) {
  Random random(seed);
  TransactionHistory history(random);
  auto files = std::make_unique<sim::SimFileSystem>();
  ASSERT_TRUE(files->create_directories("/data").ok());
  ASSERT_TRUE(files->sync_directory("/").ok());
  std::unique_ptr<PartitionLog> log;
  Offset recovery_point{0};
  auto stop = PreviousStop::kUnclean;
  for (int life = 0; life < 4; ++life) {
    auto opened = PartitionLog::open(*files, "/data/topic-0", config,
                                     {Timestamp{1000}, stop, recovery_point});
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    log = std::move(opened).value();
    history.cut(log->log_end_offset());
    expect_facts(*log, history.facts());
    const std::uint64_t count = 1 + random.below(25);
    for (std::uint64_t i = 0; i < count; ++i) {
      history.append_to(*log);
      if (random.chance(0.1)) {
        ASSERT_TRUE(log->flush().ok());
      }
      if (random.chance(0.1)) {
        ASSERT_TRUE(log->flush_sealed().ok());
      }
      if (random.chance(0.05)) {
        ASSERT_TRUE(log->roll(Timestamp{1000}).ok());
      }
      if (random.chance(0.2)) recovery_point = log->recovery_point();
    }
    stop = random.chance(0.25) ? PreviousStop::kClean : PreviousStop::kUnclean;
    if (stop == PreviousStop::kClean) {
      ASSERT_TRUE(log->close().ok());
    }
    auto after = files->crash(random.next());
    log.reset();
    files = std::move(after);
  }
}

TEST_F(AbortedTransactionsTest, AreAsTheLogSaysWhateverAPowerCutLeft) {
  set_log_level(LogLevel::kOff);
  for (std::uint64_t seed = 1; seed <= 150 && !HasFatalFailure(); ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    crash_seed(seed, config);
  }
  set_log_level(LogLevel::kWarn);
}

/// Opening and closing with the n-th call refused, and then the power cut.
TEST_F(AbortedTransactionsTest, APowerCutAtAnyStepOfMakingAFileAnewLosesNothing) {
  set_log_level(LogLevel::kOff);
  ASSERT_TRUE(files.create_directories("/data").ok());
  ASSERT_TRUE(files.sync_directory("/").ok());
  open();
  fill();
  ASSERT_TRUE(log->flush().ok());
  Offset recovery_point = log->recovery_point();
  for (const auto stop : {PreviousStop::kUnclean, PreviousStop::kClean}) {
    if (stop == PreviousStop::kClean) {
      ASSERT_TRUE(log->close().ok());
      recovery_point = log->recovery_point();
      ASSERT_TRUE(files.replace_atomically(path_of(names(".txnindex").front()), "?").ok());
    }
    for (std::uint64_t step = 1;; ++step) {
      const auto disk = files.crash(step);
      disk->fail_from(step, sim::Fault::kIo);
      auto opened = PartitionLog::open(*disk, "/data/topic-0", config,
                                       {Timestamp{1000}, stop, recovery_point});
      if (opened.ok()) (void)(*opened)->close().ok();
      const bool went_through = !disk->fault_hit();
      for (std::uint64_t seed = 0; seed < 5; ++seed) {
        const auto after = disk->crash(seed);
        auto again = PartitionLog::open(*after, "/data/topic-0", config,
                                        {Timestamp{1000}, PreviousStop::kUnclean, recovery_point});
        ASSERT_TRUE(again.ok()) << again.error().message;
        EXPECT_EQ((*again)->last_stable_offset(), facts.last_stable);
        EXPECT_EQ((*again)->aborted_transactions(Offset{0}, facts.last_stable).value(),
                  all_aborted())
            << "step " << step << " seed " << seed;
      }
      if (went_through) break;
    }
  }
  set_log_level(LogLevel::kWarn);
}

/// Copies all that may be rewritten, but for what `drops` says.
Status rewrite(PartitionLog& log, const std::function<bool(const wire::BatchHeader&)>& drops) {
  auto copy = log.plan_rewrite(Offset{0}, log.log_end_offset());
  if (!copy.ok()) return std::move(copy).error();
  Status status =
      copy->for_each_batch([&](std::string_view bytes, const wire::BatchHeader& header) {
        return drops(header) ? Status{} : copy->add(bytes);
      });
  if (status.ok()) status = copy->finish();
  return status.ok() ? testing::replace(log, std::move(*copy)) : status;
}

bool nothing(const wire::BatchHeader& /*header*/) {
  return false;
}

TEST_F(AbortedTransactionsTest, ACopyHasThoseWhoseMarkersItHas) {
  config.cleanup_policy_compact = true;
  open();
  fill();
  ASSERT_TRUE(log->roll(Timestamp{1000}).ok());
  ASSERT_TRUE(log->flush().ok());
  ASSERT_TRUE(rewrite(*log, nothing).ok());
  ASSERT_EQ(log->segment_count(), 2U);
  expect_facts(*log, facts);

  const AbortedTransaction gone = facts.aborted.front();
  ASSERT_TRUE(rewrite(*log, [&](const wire::BatchHeader& header) {
                return header.base_offset == gone.last_offset ||
                       (header.producer_id == gone.producer_id && !header.is_control() &&
                        header.base_offset >= gone.first_offset &&
                        header.base_offset < gone.last_offset);
              }).ok());
  facts.aborted.erase(facts.aborted.begin());
  expect_facts(*log, facts);
  ASSERT_TRUE(log->close().ok());
  open();
  expect_facts(*log, facts);
}

TEST_F(AbortedTransactionsTest, ACopyOfNoneOfThemLeavesNoOldFile) {
  config.cleanup_policy_compact = true;
  open();
  fill();
  ASSERT_TRUE(log->roll(Timestamp{1000}).ok());
  ASSERT_TRUE(log->flush().ok());
  ASSERT_TRUE(rewrite(*log, [](const wire::BatchHeader&) { return true; }).ok());
  ASSERT_TRUE(log->close().ok());
  open();
  EXPECT_TRUE(log->aborted_transactions(Offset{0}, facts.last_stable)->empty());
}

TEST_F(AbortedTransactionsTest, APowerCutWhileACopyTakesItsPlaceLosesNone) {
  set_log_level(LogLevel::kOff);
  config.cleanup_policy_compact = true;
  ASSERT_TRUE(files.create_directories("/data").ok());
  ASSERT_TRUE(files.sync_directory("/").ok());
  open();
  fill();
  ASSERT_TRUE(log->flush().ok());
  const Offset recovery_point = log->recovery_point();
  for (std::uint64_t step = 1;; ++step) {
    const auto disk = files.crash(1);
    DelayedRemoval removal(*disk);
    auto opened = PartitionLog::open(*disk, "/data/topic-0", config,
                                     {.now = Timestamp{1000},
                                      .previous_stop = PreviousStop::kUnclean,
                                      .recovery_point = recovery_point,
                                      .removal = &removal});
    ASSERT_TRUE(opened.ok());
    disk->fail_from(step, sim::Fault::kIo);
    (void)rewrite(**opened, nothing).ok();
    const bool went_through = !disk->fault_hit();
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      const auto after = disk->crash(seed);
      for (int start = 0; start < 2; ++start) {
        auto again = PartitionLog::open(*after, "/data/topic-0", config,
                                        {Timestamp{1000}, PreviousStop::kUnclean, recovery_point});
        ASSERT_TRUE(again.ok()) << again.error().message;
        ASSERT_EQ((*again)->aborted_transactions(Offset{0}, facts.last_stable).value(),
                  all_aborted())
            << "step " << step << " seed " << seed;
      }
    }
    if (went_through) break;
  }
  set_log_level(LogLevel::kWarn);
}

}  // namespace
}  // namespace millrace::storage
