// Every call to the disk fails once: the n-th, for n = 1, 2, … until a run meets no fault. Whatever
// fails, the log afterwards holds what it confirmed, and nothing that it refused.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "sim/sim_file_system.h"
#include "storage/testing/batches.h"

namespace millrace::storage {
namespace {

using testing::append;
using testing::BatchSpec;
using testing::read_log;

LogConfig small_segments() {
  LogConfig config;
  config.segment_bytes = 400;
  config.index_interval_bytes = 100;
  config.retention_bytes = 1000;
  return config;
}

Result<std::unique_ptr<PartitionLog>> open_log(sim::SimFileSystem& files, PreviousStop stop) {
  return PartitionLog::open(files, "/data/topic-0", small_segments(),
                            {Timestamp{1000}, stop, Offset{0}, Offset{0}});
}

struct Outcome {
  std::vector<std::string> confirmed;
  bool failed = false;
};

/// Appends, flushes and deletes; goes on after an error as a broker does.
Outcome work(PartitionLog& log) {
  Outcome outcome;
  for (int i = 0; i < 12; ++i) {
    const std::string value = std::to_string(i) + std::string(100, 'v');
    const auto result =
        append(log, {.values = {value},
                     .producer_id = 5,
                     .sequence = static_cast<std::int32_t>(outcome.confirmed.size())});
    if (result.ok()) {
      outcome.confirmed.push_back(value);
    } else {
      outcome.failed = true;
    }
    if (i % 5 == 4 && !log.flush().ok()) outcome.failed = true;
    if (i == 8 && !log.apply_retention(Timestamp{2000}).ok()) outcome.failed = true;
  }
  return outcome;
}

void check(const PartitionLog& log, const Outcome& outcome) {
  const auto records = read_log(log, 300);
  ASSERT_TRUE(records.has_value());
  ASSERT_EQ(log.log_end_offset().value(), static_cast<std::int64_t>(outcome.confirmed.size()));
  for (const auto& record : *records) {
    ASSERT_EQ(record.value, outcome.confirmed[static_cast<std::size_t>(record.offset)]);
  }
}

void run_with_fault(sim::Fault fault) {
  for (std::uint64_t nth = 1; nth < 5000; ++nth) {
    SCOPED_TRACE(::testing::Message() << "call " << nth << " fails");
    sim::SimFileSystem files;
    files.fail_call(nth, fault);
    auto log = open_log(files, PreviousStop::kUnclean);
    if (!log.ok()) log = open_log(files, PreviousStop::kUnclean);  // the operator tries again
    ASSERT_TRUE(log.ok()) << log.error().message;
    const Outcome outcome = work(**log);
    const bool is_closed = log.value()->close().ok();
    const bool hit = files.fault_hit();
    files.clear_fault();
    ASSERT_TRUE(hit || (!outcome.failed && is_closed)) << "nothing fails without a fault";
    if (!outcome.failed) check(**log, outcome);
    if (::testing::Test::HasFatalFailure()) return;

    log.value().reset();
    auto again = open_log(files, is_closed ? PreviousStop::kClean : PreviousStop::kUnclean);
    ASSERT_TRUE(again.ok()) << again.error().message;
    check(**again, outcome);
    if (::testing::Test::HasFatalFailure()) return;
    if (!hit) return;
  }
  FAIL() << "no run without a fault";
}

TEST(IoFault, AnyFailingCallLeavesWhatWasConfirmed) {
  set_log_level(LogLevel::kOff);
  run_with_fault(sim::Fault::kIo);
  set_log_level(LogLevel::kWarn);
}

TEST(IoFault, AFullDiskAtAnyWriteLeavesWhatWasConfirmed) {
  set_log_level(LogLevel::kOff);
  run_with_fault(sim::Fault::kDiskFull);
  set_log_level(LogLevel::kWarn);
}

TEST(IoFault, AShortWriteLeavesWhatWasConfirmed) {
  set_log_level(LogLevel::kOff);
  run_with_fault(sim::Fault::kShortWrite);
  set_log_level(LogLevel::kWarn);
}

/// A disk that is full from the `nth` call on, a kill, and a start before anything was made free.
void run_into_full_disk(sim::Fault fault, std::uint64_t nth, bool& hit) {
  sim::SimFileSystem files;
  auto log = open_log(files, PreviousStop::kUnclean);
  ASSERT_TRUE(log.ok()) << log.error().message;
  files.fail_from(nth, fault);
  Outcome outcome;
  for (int i = 0; i < 12; ++i) {
    const std::string value = std::to_string(i) + std::string(100, 'v');
    const auto appended = append(**log, {.values = {value}}, i / 2);
    if (appended.ok()) outcome.confirmed.push_back(value);
  }
  hit = files.fault_hit();
  const std::unique_ptr<sim::SimFileSystem> left = files.process_death();

  left->fail_from(1, fault);
  auto again = open_log(*left, PreviousStop::kUnclean);
  ASSERT_TRUE(again.ok()) << again.error().message;
  check(**again, outcome);
  ASSERT_FALSE(append(**again, {}, 9).ok()) << "there is no room";
  check(**again, outcome);

  left->clear_fault();
  ASSERT_TRUE(append(**again, {}, 9).ok());
  ASSERT_TRUE(again.value()->close().ok());
  const auto last = open_log(*left, PreviousStop::kClean);
  ASSERT_TRUE(last.ok()) << last.error().message;
  EXPECT_EQ(last.value()->latest_leader_epoch(), LeaderEpoch{9});
  EXPECT_EQ(last.value()->log_end_offset().value(),
            static_cast<std::int64_t>(outcome.confirmed.size()) + 1);
}

TEST(IoFault, AfterAKillALogOpensOnADiskThatIsStillFull) {
  set_log_level(LogLevel::kOff);
  for (const auto fault : {sim::Fault::kDiskFull, sim::Fault::kShortWrite}) {
    bool hit = true;
    for (std::uint64_t nth = 1; hit && !HasFatalFailure(); ++nth) {
      SCOPED_TRACE(::testing::Message() << "full from call " << nth << " on");
      run_into_full_disk(fault, nth, hit);
    }
  }
  set_log_level(LogLevel::kWarn);
}

TEST(IoFault, AppendsGoOnWhenTheDiskHasRoomAgain) {
  set_log_level(LogLevel::kOff);
  sim::SimFileSystem files;
  auto log = open_log(files, PreviousStop::kUnclean).value();
  ASSERT_TRUE(append(*log, {}).ok());
  files.fail_from(1, sim::Fault::kShortWrite);
  for (int i = 0; i < 3; ++i) ASSERT_FALSE(append(*log, {}).ok());
  files.clear_fault();
  EXPECT_EQ(append(*log, {}).value().base_offset, Offset{1});
  EXPECT_EQ(read_log(*log)->size(), 2U);
  set_log_level(LogLevel::kWarn);
}

}  // namespace
}  // namespace millrace::storage
