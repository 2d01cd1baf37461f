// A start on a disk that has no room: what is served, what is owed, and how it is paid.
#include <gtest/gtest.h>

#include "broker/testing/core_fixture.h"
#include "wire/error_codes.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;

/// Killed, and started where nothing can be written.
class RestartOnAFullDisk : public CoreFixture {
 protected:
  Partition& orders() { return *state().topics.table()->find_partition("orders", 0); }
  sim::SimFileSystem& disk() { return static_cast<sim::SimFileSystem&>(env().files()); }
  void restart_full() {
    core_.reset();
    disk().fail_from(1, sim::Fault::kDiskFull);
    open();
  }
  KafkaError append_error() {
    const auto appended = append("orders", 0, batch_of({"b"}));
    return appended.ok() ? KafkaError::kNone : wire::kafka_error_of(appended.error());
  }
};

TEST_F(RestartOnAFullDisk, ServesReadersAndRefusesProducers) {
  make_topic("orders");
  ASSERT_TRUE(append("orders", 0, batch_of({"a"})).ok());

  ::testing::internal::CaptureStderr();
  restart_full();

  EXPECT_EQ(orders().high_watermark(), Offset{1});
  EXPECT_EQ(append_error(), KafkaError::kKafkaStorageError);
  EXPECT_FALSE(state().topics.create({"other", 1, {}}).ok());
  EXPECT_TRUE(core_->owes());
  EXPECT_FALSE(core_->settle().ok()) << "there is no room yet";
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              ::testing::HasSubstr("the metadata log cannot be written"));
}

TEST_F(RestartOnAFullDisk, TakesRecordsUnderItsNewEpochOnceThereIsRoom) {
  make_topic("orders");
  ASSERT_TRUE(append("orders", 0, batch_of({"a"})).ok());
  restart_full();
  disk().clear_fault();
  EXPECT_EQ(append_error(), KafkaError::kKafkaStorageError) << "the epoch is not written yet";

  ASSERT_TRUE(core_->settle().ok());

  EXPECT_FALSE(core_->owes());
  EXPECT_EQ(append_error(), KafkaError::kNone);
  EXPECT_EQ(orders().log().latest_leader_epoch(), LeaderEpoch{1});
  restart_after_kill();
  EXPECT_EQ(orders().leader_epoch(), LeaderEpoch{2}) << "what was owed counts";
}

TEST_F(RestartOnAFullDisk, AnyChangeWritesWhatIsOwedFirst) {
  make_topic("orders");
  restart_full();
  disk().clear_fault();

  make_topic("other");

  EXPECT_FALSE(core_->owes());
  EXPECT_EQ(append_error(), KafkaError::kNone);
}

TEST_F(RestartOnAFullDisk, AStopThatStillOwesIsNotClean) {
  make_topic("orders");
  ASSERT_TRUE(append("orders", 0, batch_of({"a"})).ok());
  restart_full();

  EXPECT_FALSE(core_->close().ok());

  disk().clear_fault();
  restart_after_kill();
  EXPECT_EQ(orders().leader_epoch(), LeaderEpoch{1});
  EXPECT_EQ(orders().high_watermark(), Offset{1});
}

TEST_F(RestartOnAFullDisk, ACleanStopHasWrittenWhatWasOwed) {
  make_topic("orders");
  restart_full();
  disk().clear_fault();

  restart_cleanly();

  EXPECT_EQ(orders().leader_epoch(), LeaderEpoch{1});
}

}  // namespace
}  // namespace millrace::broker
