// Random appends, transactions, tombstones, cleanings and restarts, and a napkin's model of what a
// reader must find: in every order of them each last value is there, at its offset.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>

#include "base/random.h"
#include "storage/log_cleaner.h"
#include "storage/testing/cleaner_fixture.h"

namespace millrace::storage {
namespace {

using testing::KeyedBatch;
using testing::KeyedRecord;
using testing::make_keyed_batch;
using testing::read_batches;
using testing::ReadBatch;
using testing::records_of;
using testing::table_of;

constexpr std::size_t kProducers = 4;

class CleanerModelRun {
 public:
  explicit CleanerModelRun(std::uint64_t seed) : random_(seed) {
    config_.cleanup_policy_compact = true;
    config_.cleanup_policy_delete = false;
    config_.segment_bytes = 300 + static_cast<std::int64_t>(random_.below(1500));
    config_.index_interval_bytes = static_cast<std::int64_t>(random_.below(500));
    config_.delete_retention_ms = static_cast<std::int64_t>(random_.below(300));
    reopen(PreviousStop::kUnclean);
  }

  void step() {
    now_ += static_cast<std::int64_t>(random_.below(20));
    const std::uint64_t choice = random_.below(40);
    if (choice < 22) return append();
    if (choice < 28) return end_a_transaction();
    if (choice < 33) return clean();
    if (choice < 36) return read_from_somewhere();
    if (choice == 36) return reopen(PreviousStop::kUnclean);
    if (choice == 37) {
      ASSERT_TRUE(log_->close().ok());
      return reopen(PreviousStop::kClean);
    }
    ASSERT_TRUE(choice == 38 ? log_->roll(Timestamp{now_}).ok() : log_->flush().ok());
  }

 private:
  struct Producer {
    std::int32_t next_sequence = 0;
    bool is_open = false;  // in a transaction
    std::vector<KeyedRecord> pending;
  };

  void reopen(PreviousStop stop) {
    // The checkpoint that says it is written now and then, and may be older than the last cleaning.
    const bool is_known =
        log_ != nullptr && !(stop == PreviousStop::kUnclean && random_.chance(0.3));
    const Offset recovery_point = is_known ? log_->recovery_point() : Offset{0};
    const Offset stable = log_ == nullptr ? Offset{0} : log_->last_stable_offset();
    log_.reset();
    auto opened = PartitionLog::open(files_, "/d/t-0", config_,
                                     {Timestamp{now_}, stop, recovery_point, Offset{0}});
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    log_ = std::move(opened).value();
    ASSERT_EQ(log_->log_end_offset().value(), end_);
    ASSERT_EQ(log_->last_stable_offset(), stable) << "open transactions are the same as before";
    check();
  }

  void append() {
    const std::size_t who = random_.below(kProducers + 1);
    KeyedBatch batch{.timestamp = now_};
    batch.options.compression = static_cast<wire::Compression>(random_.below(5));
    VerificationGuard guard = VerificationGuard::kNone;
    if (who < kProducers) {
      // The even ones write in transactions only.
      Producer& producer = producers_[who];
      const bool is_transactional = who % 2 == 0;
      batch.options.producer_id = ProducerId{static_cast<std::int64_t>(who)};
      batch.options.producer_epoch = ProducerEpoch{0};
      batch.options.base_sequence = producer.next_sequence;
      batch.options.is_transactional = is_transactional;
      if (is_transactional) {
        guard = log_->begin_verification(batch.options.producer_id, ProducerEpoch{0},
                                         producer.next_sequence, EpochBump::kNo, Timestamp{now_})
                    .value_or(VerificationGuard::kNone);
        producer.is_open = true;
      }
    }
    std::vector<KeyedRecord> records;
    const std::size_t count = 1 + random_.below(4);
    for (std::size_t i = 0; i < count; ++i) {
      const std::string key = "key" + std::to_string(random_.below(12));
      std::optional<std::string> value;
      if (!random_.chance(0.2)) value = "value " + std::to_string(++value_count_);
      batch.records.emplace_back(key, value);
      records.push_back(
          {end_ + static_cast<std::int64_t>(i), key, value, now_ + static_cast<std::int64_t>(i)});
    }
    Buffer bytes = make_keyed_batch(batch);
    const auto result = log_->append({bytes.data(), bytes.size()}, LeaderEpoch{0}, Timestamp{now_},
                                     {AppendOrigin::kClient, guard});
    ASSERT_TRUE(result.ok()) << result.error().message;
    ASSERT_EQ(result->base_offset.value(), end_) << "not taken for one that came before";
    end_ += static_cast<std::int64_t>(count);
    if (who < kProducers) producers_[who].next_sequence += static_cast<std::int32_t>(count);
    auto& into = who < kProducers && who % 2 == 0 ? producers_[who].pending : committed_;
    into.insert(into.end(), records.begin(), records.end());
  }

  void end_a_transaction() {
    const std::size_t who = 2 * random_.below(kProducers / 2);
    Producer& producer = producers_[who];
    if (!producer.is_open) return;
    const bool commits = random_.chance(0.5);
    const auto result = testing::end_transaction(
        *log_, static_cast<std::int64_t>(who),
        {.result = commits ? wire::TransactionResult::kCommit : wire::TransactionResult::kAbort});
    ASSERT_TRUE(result.ok()) << result.error().message;
    ++end_;
    if (commits) {
      committed_.insert(committed_.end(), producer.pending.begin(), producer.pending.end());
    }
    producer.pending.clear();
    producer.is_open = false;
  }

  void clean() {
    const std::size_t keys = random_.chance(0.3) ? 1 + random_.below(5) : 1000;
    LogCleaner cleaner({.dedupe_bytes_max = keys * KeyOffsets::kBytesPerKey},
                       Random(random_.next()));
    const WithWriter writer = [this](const auto& work) { return work(*log_); };
    const auto cleaned = cleaner.clean(writer, checkpoint_, Timestamp{now_});
    ASSERT_TRUE(cleaned.ok()) << cleaned.error().message;
    if (*cleaned) {
      checkpoint_ = (*cleaned)->first_dirty;
      ++cleaned_count;
    }
    if (random_.chance(0.1)) checkpoint_.reset();  // lost
    check();
  }

  /// Records of committed transactions and of others, as a reader that knows which those are.
  std::vector<KeyedRecord> wanted() const {
    auto records = committed_;
    std::sort(records.begin(), records.end(),
              [](const KeyedRecord& a, const KeyedRecord& b) { return a.offset < b.offset; });
    return records;
  }

  void check() {
    const auto batches = read_batches(*log_);
    ASSERT_TRUE(batches.has_value());
    std::map<std::int64_t, const KeyedRecord*> known;
    for (const KeyedRecord& record : committed_) known[record.offset] = &record;
    std::vector<KeyedRecord> found;
    std::int64_t before = -1;
    for (const KeyedRecord& record : records_of(*batches)) {
      ASSERT_GT(record.offset, before) << "in order";
      before = record.offset;
      const auto same = known.find(record.offset);
      if (same == known.end()) continue;  // aborted, or not decided
      ASSERT_EQ(record, *same->second) << "each record is what it was, where it was";
      found.push_back(record);
    }
    const auto all = wanted();
    ASSERT_EQ(table_of(found), table_of(all));
    std::map<std::string, std::int64_t> last;
    for (const KeyedRecord& record : all) last[record.key] = record.offset;
    std::map<std::string, std::int64_t> last_found;
    for (const KeyedRecord& record : found) last_found[record.key] = record.offset;
    for (const auto& [key, offset] : last) {
      if (known[offset]->value) {
        ASSERT_EQ(last_found[key], offset) << key;
      }
    }
  }

  void read_from_somewhere() {
    const auto from =
        static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(end_ + 1)));
    const auto all = read_batches(*log_);
    const auto some = read_batches(*log_, Offset{from});
    ASSERT_TRUE(all.has_value() && some.has_value());
    std::vector<KeyedRecord> wanted_records;
    for (const ReadBatch& batch : *all) {
      if (batch.header.last_offset().value() < from || batch.header.is_control()) continue;
      wanted_records.insert(wanted_records.end(), batch.records.begin(), batch.records.end());
    }
    ASSERT_EQ(records_of(*some), wanted_records) << "from " << from;
  }

 public:
  int cleaned_count = 0;

 private:
  Random random_;
  LogConfig config_;
  sim::SimFileSystem files_;
  std::unique_ptr<PartitionLog> log_;
  std::array<Producer, kProducers> producers_;
  std::vector<KeyedRecord> committed_;
  std::optional<Offset> checkpoint_;
  std::int64_t end_ = 0;
  std::int64_t now_ = 1000;
  int value_count_ = 0;
};

TEST(LogCleanerModel, EveryLastValueStaysOverRandomOperations) {
  int cleaned = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    CleanerModelRun run(seed);
    for (int i = 0; i < 300; ++i) {
      run.step();
      if (::testing::Test::HasFatalFailure()) return;
    }
    cleaned += run.cleaned_count;
  }
  EXPECT_GT(cleaned, 500);
}

}  // namespace
}  // namespace millrace::storage
