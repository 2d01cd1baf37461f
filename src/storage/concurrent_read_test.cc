// One thread appends, rolls and deletes while others read, look up times and flush. What readers
// get is whole, in order and within the log's ends. Meant for the thread sanitizer as much as for
// itself.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "io/posix_file_system.h"
#include "storage/group_flusher.h"
#include "storage/testing/batches.h"

namespace millrace::storage {
namespace {

using testing::append;
using testing::records_in;

class ConcurrentRead : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = ::testing::TempDir() + "concurrent_read_" + std::to_string(::getpid());
    (void)files_->remove_all(directory_).ok();
    LogConfig config;
    config.segment_bytes = 20000;
    config.index_interval_bytes = 500;
    config.retention_bytes = 60000;
    log_ = PartitionLog::open(*files_, directory_ + "/t-0", config,
                              {Timestamp{0}, PreviousStop::kClean, Offset{0}, Offset{0}})
               .value();
  }
  void TearDown() override {
    log_.reset();
    EXPECT_TRUE(files_->remove_all(directory_).ok());
  }

  /// Follows the log from wherever it starts; returns the first complaint.
  std::string follow(std::size_t bytes_max) {
    Offset at{0};
    while (true) {
      const bool is_last_round = is_done_.load();
      auto slice = log_->read(at, bytes_max, MinOneBatch::kYes);
      if (!slice.ok()) {
        at = std::max(at, log_->log_start_offset());  // retention was faster
        continue;
      }
      if (slice->slice.size_bytes == 0) {
        if (is_last_round) return {};
        std::this_thread::yield();
        continue;
      }
      std::string bytes(slice->slice.size_bytes, '\0');
      const auto count = slice->slice.file->read_at(slice->slice.position, bytes);
      if (!count.ok() || *count != bytes.size()) return "a slice could not be read";
      const auto records = records_in(bytes);
      if (!records || records->empty()) return "a slice that is not whole batches";
      if (records->front().offset > at.value()) return "a slice that begins too late";
      if (records->back().offset >= slice->log_end_offset.value()) return "records past the end";
      for (const auto& record : *records) {
        if (record.value != std::to_string(record.offset)) return "a record that was not appended";
      }
      at = Offset{records->back().offset + 1};
    }
  }

  std::unique_ptr<io::FileSystem> files_ = io::make_posix_file_system();
  std::string directory_;
  std::shared_ptr<PartitionLog> log_;
  std::atomic<bool> is_done_{false};
};

TEST_F(ConcurrentRead, ReadersSeeOnlyWholeBatchesInOrderBesideTheWriter) {
  std::vector<std::string> complaints(3);
  std::vector<std::thread> readers;
  for (std::size_t i = 0; i < complaints.size(); ++i) {
    readers.emplace_back([this, &complaints, i] { complaints[i] = follow(500 + 4000 * i); });
  }
  std::thread looker([this] {
    while (!is_done_) {
      (void)log_->offset_for_timestamp(Timestamp{log_->log_end_offset().value() / 2}).ok();
      (void)log_->max_timestamp().ok();
      (void)log_->size_bytes();
      (void)log_->end_offset_for_epoch(LeaderEpoch{0});
    }
  });
  std::atomic<int> flushed{0};
  {
    const auto env = io::make_system_env();
    GroupFlusher flusher(*env);
    std::int64_t next = 0;
    for (int i = 0; i < 3000; ++i) {
      testing::BatchSpec spec{.values = {}, .timestamp = next};
      for (int n = 0; n <= i % 3; ++n) spec.values.push_back(std::to_string(next++));
      const auto result = append(*log_, spec, i / 1000);
      ASSERT_TRUE(result.ok()) << result.error().message;
      if (log_->take_sealed()) flusher.request_sealed(log_);
      if (i % 50 == 0) flusher.request(log_, [&](const Status& status) { flushed += status.ok(); });
      if (i % 100 == 99) {
        ASSERT_TRUE(log_->apply_retention(Timestamp{next}).ok());
      }
    }
    is_done_ = true;
  }
  for (std::thread& reader : readers) reader.join();
  looker.join();
  EXPECT_EQ(flushed, 60);
  for (const std::string& complaint : complaints) EXPECT_EQ(complaint, "");
  EXPECT_LE(log_->recovery_point(), log_->log_end_offset());
}

}  // namespace
}  // namespace millrace::storage
