// The log on a disk that loses power: random appends, syncs, rolls and deletions, then a crash at
// every kind of bad moment, recovery, and the promises checked. Each run is one seed.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "sim/sim_file_system.h"
#include "storage/testing/batches.h"

namespace millrace::storage {
namespace {

using testing::make_batch;
using testing::read_log;
using testing::ReadRecord;

constexpr std::string_view kDirectory = "/data/topic-0";

/// What was asked of the log and what it confirmed.
struct History {
  std::vector<ReadRecord> appended;  // by offset; the index is the offset
  std::int64_t synced_end = 0;       // before it everything was confirmed as synced
  std::int64_t recovery_point = 0;   // as a checkpoint may say it: never newer than synced_end
  std::int64_t start_max = 0;        // the log's start may have come this far
  std::int32_t sequence = 0;         // the producer's next
};

LogConfig small_segments() {
  LogConfig config;
  config.segment_bytes = 1500;
  config.index_interval_bytes = 150;
  config.retention_bytes = 6000;
  config.retention_ms = -1;
  return config;
}

std::unique_ptr<PartitionLog> open_log(sim::SimFileSystem& files, const History& history,
                                       PreviousStop stop) {
  auto log = PartitionLog::open(files, std::string(kDirectory), small_segments(),
                                {Timestamp{1000}, stop, Offset{history.recovery_point}, Offset{0}});
  EXPECT_TRUE(log.ok()) << log.error().message;
  return log.ok() ? std::move(log).value() : nullptr;
}

void append_some(PartitionLog& log, History& history, Random& random, std::int32_t epoch) {
  testing::BatchSpec spec;
  spec.values.resize(1 + random.below(3));
  for (std::string& value : spec.values) {
    value = std::string(random.below(150), static_cast<char>('a' + random.below(26)));
  }
  spec.timestamp = 1000 + static_cast<std::int64_t>(random.below(5000));
  spec.compression = static_cast<wire::Compression>(random.below(5));
  spec.producer_id = 77;
  spec.sequence = history.sequence;
  const auto result = testing::append(log, spec, epoch, 5000);
  ASSERT_TRUE(result.ok()) << result.error().message;
  ASSERT_EQ(result->base_offset.value(), static_cast<std::int64_t>(history.appended.size()));
  for (std::size_t i = 0; i < spec.values.size(); ++i) {
    history.appended.push_back({static_cast<std::int64_t>(history.appended.size()),
                                spec.timestamp + static_cast<std::int64_t>(i), spec.values[i]});
  }
  history.sequence += static_cast<std::int32_t>(spec.values.size());
}

void run_operations(PartitionLog& log, History& history, Random& random, std::int32_t epoch) {
  const std::uint64_t count = 1 + random.below(40);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t choice = random.below(20);
    if (choice == 0) {
      ASSERT_TRUE(log.flush().ok());
      history.synced_end = log.log_end_offset().value();
    } else if (choice == 1) {
      ASSERT_TRUE(log.flush_sealed().ok());
    } else if (choice == 2) {
      ASSERT_TRUE(log.apply_retention(Timestamp{9000}).ok());
      history.start_max = log.log_start_offset().value();
    } else if (choice == 3) {
      ASSERT_TRUE(log.roll(Timestamp{9000}).ok());
    } else if (choice == 4) {
      history.recovery_point = log.recovery_point().value();  // the checkpoint was written
    } else {
      append_some(log, history, random, epoch);
    }
    history.synced_end = std::max(history.synced_end, log.recovery_point().value());
  }
}

/// What must hold of a log after a crash, whatever was lost.
void check_promises(const PartitionLog& log, const History& history) {
  const std::int64_t start = log.log_start_offset().value();
  const std::int64_t end = log.log_end_offset().value();
  ASSERT_GE(end, history.synced_end) << "what was synced is there";
  ASSERT_LE(end, static_cast<std::int64_t>(history.appended.size()));
  ASSERT_LE(start, history.start_max) << "only what was deleted is gone";

  const auto records = read_log(log, 700);
  ASSERT_TRUE(records.has_value()) << "no batch that is served is corrupt";
  ASSERT_EQ(static_cast<std::int64_t>(records->size()), end - start);
  for (std::size_t i = 0; i < records->size(); ++i) {
    ASSERT_EQ((*records)[i], history.appended[static_cast<std::size_t>(start) + i])
        << "the log is a run of what was appended";
  }
  for (std::int64_t offset = start; offset < end; ++offset) {
    const auto slice = log.read(Offset{offset}, 1, MinOneBatch::kYes);
    ASSERT_TRUE(slice.ok());
    ASSERT_LE(slice->first_batch_base.value(), offset) << "offset index";
  }
  for (std::int64_t time = 900; time < 6100; time += 97) {
    const auto expected =
        std::find_if(records->begin(), records->end(),
                     [time](const ReadRecord& record) { return record.timestamp >= time; });
    const auto found = log.offset_for_timestamp(Timestamp{time});
    ASSERT_TRUE(found.ok());
    ASSERT_EQ(found->has_value(), expected != records->end()) << "time index at " << time;
    if (*found) {
      ASSERT_EQ((*found)->offset.value(), expected->offset) << "time index at " << time;
    }
  }
}

/// The producer goes on where the log ends, not where it had been.
void settle_after_crash(PartitionLog& log, History& history) {
  history.appended.resize(static_cast<std::size_t>(log.log_end_offset().value()));
  history.sequence = static_cast<std::int32_t>(history.appended.size());
  history.start_max = log.log_start_offset().value();
}

void run_seed(std::uint64_t seed) {
  Random random(seed);
  History history;
  auto files = std::make_unique<sim::SimFileSystem>();
  ASSERT_TRUE(files->create_directories("/data").ok());
  ASSERT_TRUE(files->sync_directory("/").ok());
  auto log = open_log(*files, history, PreviousStop::kUnclean);
  for (std::int32_t life = 0; life < 4; ++life) {
    run_operations(*log, history, random, life);
    if (::testing::Test::HasFatalFailure()) return;
    const bool is_clean = random.chance(0.2);
    if (is_clean) {
      ASSERT_TRUE(log->close().ok());
      history.synced_end = log->log_end_offset().value();
    }
    auto after = files->crash(random.next());
    log.reset();
    files = std::move(after);
    log = open_log(*files, history, is_clean ? PreviousStop::kClean : PreviousStop::kUnclean);
    ASSERT_NE(log, nullptr);
    check_promises(*log, history);
    if (::testing::Test::HasFatalFailure()) return;
    if (is_clean) {
      ASSERT_EQ(log->recovery().segments_scanned, 0);
    }
    settle_after_crash(*log, history);
  }
}

TEST(CrashRecovery, KeepsItsPromisesWhateverThePowerCutLeft) {
  set_log_level(LogLevel::kOff);
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    run_seed(seed);
    if (::testing::Test::HasFatalFailure()) break;
  }
  set_log_level(LogLevel::kWarn);
}

}  // namespace
}  // namespace millrace::storage
