#include "storage/log/log_flusher.h"

#include <gtest/gtest.h>

#include "storage/testing/log_fixture.h"
#include "wire/error_codes.h"

namespace millrace::storage {
namespace {

using testing::append;
using testing::LogFixture;
using wire::KafkaError;

class LogFlusherTest : public LogFixture {};

TEST_F(LogFlusherTest, MovesTheRecoveryPointToWhatWasSyncedAndThenHasNothingToDo) {
  config.segment_bytes = 300;
  open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(*log, {.values = {std::string(200, 'x')}}).ok());
  EXPECT_EQ(log->recovery_point(), Offset{0});
  ASSERT_TRUE(log->flush_sealed().ok());
  EXPECT_EQ(log->recovery_point(), Offset{2}) << "where the active segment begins";
  ASSERT_TRUE(log->flush().ok());
  EXPECT_EQ(log->recovery_point(), Offset{3});

  const std::uint64_t calls = files.call_count();
  ASSERT_TRUE(log->flush().ok());
  ASSERT_TRUE(log->flush_sealed().ok());
  EXPECT_EQ(files.call_count(), calls);
}

TEST_F(LogFlusherTest, TakesNoMoreAppendsAfterAFailedSync) {
  open();
  ASSERT_TRUE(append(*log, {}).ok());
  files.fail_call(3, sim::Fault::kIo);  // two directories, then the file
  EXPECT_EQ(wire::kafka_error_of(log->flush().error()), KafkaError::kKafkaStorageError);
  EXPECT_EQ(append_error({}), KafkaError::kKafkaStorageError);
  EXPECT_FALSE(log->flush().ok()) << "a later sync would not tell what was lost";
}

}  // namespace
}  // namespace millrace::storage
