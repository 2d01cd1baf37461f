// What an unclean stop makes of a segment that the recovery point lies in.
#include <gtest/gtest.h>

#include <string>

#include "storage/testing/log_fixture.h"

namespace millrace::storage {
namespace {

using testing::append;
using testing::LogFixture;

constexpr int kKnown = 6;
constexpr int kUnknown = 2;

/// Batches of one record and of one size, the first six of them flushed.
class RecoveryPointTest : public LogFixture {
 protected:
  void SetUp() override {
    open();
    for (int i = 0; i < kKnown + kUnknown; ++i) {
      ASSERT_TRUE(append(*log, {.values = {std::string(100, 'x')}}, 0).ok());
      if (i + 1 != kKnown) continue;
      ASSERT_TRUE(log->flush().ok());
    }
    ASSERT_EQ(log->recovery_point(), Offset{kKnown});
    log.reset();
    batch_bytes_ = files.read_all(kPath).value().size() / (kKnown + kUnknown);
  }

  void damage(std::uint64_t batch, std::uint64_t position) {
    auto file = files.open(kPath, io::OpenMode::kReadWrite).value();
    ASSERT_TRUE(file->write_at(batch * batch_bytes_ + position, "!").ok());
  }

  static constexpr const char* kPath = "/data/topic-0/00000000000000000000.log";
  std::uint64_t batch_bytes_ = 0;
};

TEST_F(RecoveryPointTest, ARecordThatTurnedBadBeforeItIsLeftForItsReader) {
  damage(2, 100);

  open(PreviousStop::kUnclean, Offset{kKnown});

  ASSERT_EQ(log->log_end_offset(), Offset{kKnown + kUnknown});
  EXPECT_EQ(log->recovery().bytes_truncated, 0);
  EXPECT_EQ(first_header(Offset{3}).base_offset, Offset{3});
}

TEST_F(RecoveryPointTest, WhatLiesBehindItIsChecked) {
  damage(kKnown, 100);

  open(PreviousStop::kUnclean, Offset{kKnown});

  EXPECT_EQ(log->log_end_offset(), Offset{kKnown});
  EXPECT_GT(log->recovery().bytes_truncated, 0);
}

TEST_F(RecoveryPointTest, AllIsCheckedWhereHeadersDoNotLeadToIt) {
  struct Case {
    std::string what;
    std::uint64_t position;
  };
  for (const Case& bad : {Case{"length", wire::batch_format::kBatchLengthAt},
                          Case{"magic", wire::batch_format::kMagicAt},
                          Case{"offset", wire::batch_format::kBaseOffsetAt + 7},
                          Case{"last offset", wire::batch_format::kLastOffsetDeltaAt + 3}}) {
    const std::string whole = files.read_all(kPath).value();
    damage(1, 100);  // else nobody would know what was checked
    damage(2, bad.position);

    open(PreviousStop::kUnclean, Offset{kKnown});

    EXPECT_EQ(log->log_end_offset(), Offset{1}) << bad.what;
    log.reset();
    auto file = files.open(kPath, io::OpenMode::kReadWrite).value();
    ASSERT_TRUE(file->write_at(0, whole).ok());
  }
}

TEST_F(RecoveryPointTest, AllIsCheckedWhereItIsNoEndOfABatch) {
  log.reset();
  open(PreviousStop::kUnclean);
  ASSERT_TRUE(append(*log, {.values = {"a", "b", "c"}}).ok());
  log.reset();
  damage(1, 100);

  open(PreviousStop::kUnclean, Offset{kKnown + kUnknown + 1});

  EXPECT_EQ(log->log_end_offset(), Offset{1});
}

TEST_F(RecoveryPointTest, AllIsCheckedWhereTheFileEndsBeforeIt) {
  damage(1, 100);

  open(PreviousStop::kUnclean, Offset{kKnown + kUnknown + 1});

  EXPECT_EQ(log->log_end_offset(), Offset{1});
}

}  // namespace
}  // namespace millrace::storage
