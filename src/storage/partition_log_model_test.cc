// Random operations on a log and on a naive model of one, which must agree. Each run is one seed.
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>

#include "base/random.h"
#include "sim/sim_file_system.h"
#include "storage/testing/batches.h"
#include "wire/error_codes.h"

namespace millrace::storage {
namespace {

using testing::append;
using testing::BatchSpec;
using testing::read_log;
using testing::ReadRecord;

/// A log as one would write it on a napkin.
struct Model {
  std::deque<ReadRecord> records;
  std::int64_t start = 0;
  std::int64_t end() const { return start + static_cast<std::int64_t>(records.size()); }
  void start_at(std::int64_t offset) {
    while (start < offset) {
      records.pop_front();
      ++start;
    }
  }
};

class ModelRun {
 public:
  explicit ModelRun(std::uint64_t seed) : random_(seed) {
    config_.segment_bytes = 400 + static_cast<std::int64_t>(random_.below(3000));
    config_.index_interval_bytes = 50 + static_cast<std::int64_t>(random_.below(500));
    config_.retention_ms = -1;
    reopen(PreviousStop::kUnclean);
  }

  void step() {
    const std::uint64_t choice = random_.below(40);
    if (choice < 20) return append_batch();
    if (choice < 30) return read_somewhere();
    if (choice < 34) return look_up_time();
    if (choice == 34) return delete_before();
    if (choice == 35) return apply_size_retention();
    if (choice == 36) {
      ASSERT_TRUE(log_->close().ok());
      return reopen(PreviousStop::kClean);
    }
    if (choice == 37) return reopen(PreviousStop::kUnclean);
    if (choice == 38) {
      ASSERT_TRUE(log_->roll(Timestamp{1}).ok());
    } else {
      ASSERT_TRUE(log_->flush().ok());
    }
  }

 private:
  void reopen(PreviousStop stop) {
    const Offset recovery_point = log_ == nullptr ? Offset{0} : log_->recovery_point();
    log_.reset();
    auto opened = PartitionLog::open(files_, "/d/t-0", config_,
                                     {Timestamp{0}, stop, recovery_point, Offset{model_.start}});
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    log_ = std::move(opened).value();
    ASSERT_FALSE(log_->recovery().lost_tail());
    ASSERT_EQ(log_->log_start_offset().value(), model_.start);
    ASSERT_EQ(log_->log_end_offset().value(), model_.end());
  }

  void append_batch() {
    BatchSpec spec;
    spec.values.resize(1 + random_.below(5));
    spec.timestamp = static_cast<std::int64_t>(random_.below(2000));
    spec.compression = static_cast<wire::Compression>(random_.below(5));
    for (std::string& value : spec.values) {
      value = std::string(random_.below(60), static_cast<char>('a' + random_.below(26)));
    }
    const auto result = append(*log_, spec);
    ASSERT_TRUE(result.ok()) << result.error().message;
    ASSERT_EQ(result->base_offset.value(), model_.end());
    for (const std::string& value : spec.values) {
      model_.records.push_back({model_.end(), spec.timestamp++, value});
    }
  }

  void read_somewhere() {
    const std::int64_t from =
        model_.start - 1 + static_cast<std::int64_t>(random_.below(model_.records.size() + 3));
    const std::size_t bytes_max = random_.below(3000);
    const auto bytes = log_->read_bytes(Offset{from}, bytes_max, MinOneBatch::kYes);
    ASSERT_EQ(bytes.ok(), from >= model_.start && from <= model_.end()) << from;
    if (!bytes.ok()) return;
    const auto records = testing::records_in(bytes->view());
    ASSERT_TRUE(records.has_value());
    ASSERT_EQ(records->empty(), from == model_.end());
    if (records->empty()) return;
    ASSERT_LE(records->front().offset, from);
    ASSERT_GE(records->back().offset, from);
    for (const ReadRecord& record : *records) {
      if (record.offset < model_.start) continue;
      ASSERT_EQ(record, model_.records[static_cast<std::size_t>(record.offset - model_.start)]);
    }
  }

  void look_up_time() {
    const auto time = static_cast<std::int64_t>(random_.below(2100));
    const auto expected =
        std::find_if(model_.records.begin(), model_.records.end(),
                     [time](const ReadRecord& record) { return record.timestamp >= time; });
    const auto found = log_->offset_for_timestamp(Timestamp{time});
    ASSERT_TRUE(found.ok());
    ASSERT_EQ(found->has_value(), expected != model_.records.end()) << time;
    if (*found) {
      ASSERT_EQ((*found)->offset.value(), expected->offset) << time;
    }
  }

  void delete_before() {
    const std::int64_t offset =
        model_.start + static_cast<std::int64_t>(random_.below(model_.records.size() + 1));
    ASSERT_TRUE(log_->delete_records_before(Offset{offset}).ok());
    ASSERT_EQ(log_->log_start_offset().value(), offset);
    model_.start_at(offset);
  }

  void apply_size_retention() {
    LogConfig config = config_;
    config.retention_bytes = static_cast<std::int64_t>(random_.below(20000));
    const std::uint64_t before = log_->size_bytes();
    log_->set_config(config);
    ASSERT_TRUE(log_->apply_retention(Timestamp{0}).ok());
    log_->set_config(config_);
    ASSERT_GE(log_->size_bytes(),
              std::min(before, static_cast<std::uint64_t>(config.retention_bytes)));
    model_.start_at(log_->log_start_offset().value());
    ASSERT_EQ(log_->log_end_offset().value(), model_.end());
  }

  Random random_;
  LogConfig config_;
  sim::SimFileSystem files_;
  std::unique_ptr<PartitionLog> log_;
  Model model_;
};

TEST(PartitionLogModel, AgreesWithANaiveLogOverRandomOperations) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    ModelRun run(seed);
    for (int i = 0; i < 400; ++i) {
      run.step();
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace millrace::storage
