// What a log lets into transactions, and what ends them.
#include <gtest/gtest.h>

#include "storage/testing/log_fixture.h"

namespace millrace::storage {
namespace {

using testing::append_transactional;
using testing::BatchSpec;
using testing::end_transaction;
using testing::EndSpec;
using testing::LogFixture;
using testing::make_batch;
using wire::KafkaError;
using wire::TransactionResult;
using wire::TransactionVersion;

class TransactionsTest : public LogFixture {
 protected:
  void SetUp() override { open(); }

  static KafkaError error_of(const Result<AppendResult>& result) {
    return result.ok() ? KafkaError::kNone : wire::kafka_error_of(result.error());
  }
  VerificationGuard begin(const BatchSpec& spec, EpochBump bump = EpochBump::kNo) {
    return log
        ->begin_verification(ProducerId{spec.producer_id}, ProducerEpoch{spec.producer_epoch},
                             spec.sequence, bump, Timestamp{1000})
        .value_or(VerificationGuard::kNone);
  }
  KafkaError append_with(VerificationGuard guard, BatchSpec spec,
                         AppendOrigin origin = AppendOrigin::kClient) {
    spec.is_transactional = true;
    std::string batch = make_batch(spec);
    return error_of(log->append(batch, LeaderEpoch{0}, Timestamp{1000}, {origin, guard}));
  }
  KafkaError append(const BatchSpec& spec) { return error_of(append_transactional(*log, spec)); }
  KafkaError end(std::int64_t producer, const EndSpec& spec = {}) {
    return error_of(end_transaction(*log, producer, spec));
  }
};

TEST_F(TransactionsTest, NobodyOpensATransactionThatWasNotVerified) {
  const BatchSpec first{.producer_id = 7};
  EXPECT_EQ(append_with(VerificationGuard::kNone, first), KafkaError::kInvalidTxnState);
  EXPECT_EQ(append_with(VerificationGuard::kNone, first, AppendOrigin::kCoordinator),
            KafkaError::kInvalidTxnState)
      << "offsets of a group are no exception";
  const VerificationGuard guard = begin(first);
  EXPECT_NE(guard, VerificationGuard::kNone);
  EXPECT_EQ(append_with(VerificationGuard{static_cast<std::uint64_t>(guard) + 1}, first),
            KafkaError::kInvalidTxnState)
      << "another one's";
  EXPECT_EQ(append_with(guard, first), KafkaError::kNone);
}

TEST_F(TransactionsTest, OnceOpenNobodyNeedBeAskedInItsEpoch) {
  ASSERT_EQ(append({.producer_id = 7}), KafkaError::kNone);
  EXPECT_EQ(begin({.producer_id = 7, .sequence = 1}), VerificationGuard::kNone);
  EXPECT_EQ(append_with(VerificationGuard::kNone, {.producer_id = 7, .sequence = 1}),
            KafkaError::kNone);
  const BatchSpec next_epoch{.producer_id = 7, .producer_epoch = 1};
  EXPECT_EQ(append_with(VerificationGuard::kNone, next_epoch), KafkaError::kInvalidTxnState);
  EXPECT_NE(begin(next_epoch), VerificationGuard::kNone);
}

TEST_F(TransactionsTest, AMarkerOvertakesAVerification) {
  const BatchSpec late{.producer_id = 7};
  const VerificationGuard guard = begin(late);
  ASSERT_EQ(end(7, {TransactionResult::kAbort}), KafkaError::kNone);
  EXPECT_EQ(append_with(guard, late), KafkaError::kInvalidTxnState);
  const VerificationGuard next = begin(late);
  EXPECT_NE(next, guard) << "or the first one's word would do for the next transaction";
  EXPECT_EQ(append_with(guard, late), KafkaError::kInvalidTxnState);
  EXPECT_EQ(append_with(next, late), KafkaError::kNone);
  EXPECT_EQ(log->last_stable_offset(), Offset{1});
}

TEST_F(TransactionsTest, TheLowestSequenceThatIsVerifiedGoesFirst) {
  const BatchSpec second{.producer_id = 7, .sequence = 5};
  const VerificationGuard guard = begin(second);
  EXPECT_EQ(begin({.producer_id = 7, .sequence = 3}), guard);
  EXPECT_EQ(append_with(guard, second), KafkaError::kOutOfOrderSequenceNumber);
  EXPECT_EQ(append_with(guard, {.producer_id = 7, .sequence = 3}), KafkaError::kNone)
      << "an unknown producer of the former protocol may begin anywhere";
}

TEST_F(TransactionsTest, AHigherEpochForgetsTheLowestSequence) {
  begin({.producer_id = 7, .sequence = 3});
  const BatchSpec next{.producer_id = 7, .producer_epoch = 1, .sequence = 5};
  EXPECT_EQ(append_with(begin(next), next), KafkaError::kNone);
}

TEST_F(TransactionsTest, WhoTakesANewEpochForEachBeginsAtZero) {
  const BatchSpec middle{.producer_id = 7, .sequence = 3};
  EXPECT_EQ(append_with(begin(middle, EpochBump::kYes), middle),
            KafkaError::kOutOfOrderSequenceNumber);
  const BatchSpec first{.producer_id = 8};
  EXPECT_EQ(append_with(begin(first, EpochBump::kYes), first), KafkaError::kNone);
}

TEST_F(TransactionsTest, ABatchThatComesAgainNeedsNoVerification) {
  ASSERT_EQ(append({.producer_id = 7}), KafkaError::kNone);
  ASSERT_EQ(end(7), KafkaError::kNone);
  std::string again = make_batch({.producer_id = 7, .is_transactional = true});
  const auto result = log->append(again, LeaderEpoch{0}, Timestamp{1000});
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_TRUE(result->duplicate);
}

TEST_F(TransactionsTest, AVerificationThatNothingCameOfIsForgotten) {
  const BatchSpec first{.producer_id = 7};
  const VerificationGuard guard = begin(first);
  log->expire_producers(Timestamp{1999}, Millis{1000});
  EXPECT_EQ(begin(first), guard);
  log->expire_producers(Timestamp{2000}, Millis{1000});
  EXPECT_EQ(append_with(guard, first), KafkaError::kInvalidTxnState);
}

TEST_F(TransactionsTest, SequencesGoOnInAnEpochAndBeginAnewInTheNext) {
  ASSERT_EQ(append({.producer_id = 7}), KafkaError::kNone);
  ASSERT_EQ(end(7), KafkaError::kNone);
  EXPECT_EQ(append({.producer_id = 7, .sequence = 5}), KafkaError::kOutOfOrderSequenceNumber);
  ASSERT_EQ(append({.producer_id = 7, .sequence = 1}), KafkaError::kNone);
  ASSERT_EQ(end(7, {.producer_epoch = 1, .version = TransactionVersion::k2}), KafkaError::kNone);
  EXPECT_EQ(append({.producer_id = 7, .producer_epoch = 1, .sequence = 2}),
            KafkaError::kOutOfOrderSequenceNumber);
  EXPECT_EQ(append({.producer_id = 7, .producer_epoch = 1, .sequence = 0}), KafkaError::kNone);
}

TEST_F(TransactionsTest, AMarkerOfAnOlderEpochIsRefused) {
  ASSERT_EQ(append({.producer_id = 7, .producer_epoch = 3}), KafkaError::kNone);
  struct Case {
    std::int16_t epoch;
    TransactionVersion version;
    KafkaError error;
  };
  for (const Case& each : {Case{2, TransactionVersion::k1, KafkaError::kInvalidProducerEpoch},
                           Case{2, TransactionVersion::k2, KafkaError::kInvalidProducerEpoch},
                           Case{3, TransactionVersion::k2, KafkaError::kInvalidProducerEpoch},
                           Case{4, TransactionVersion::k2, KafkaError::kNone},
                           Case{4, TransactionVersion::k2, KafkaError::kNone},  // comes again
                           Case{4, TransactionVersion::k0, KafkaError::kNone}}) {
    EXPECT_EQ(end(7, {.producer_epoch = each.epoch, .version = each.version}), each.error)
        << each.epoch << " version " << static_cast<int>(each.version);
  }
}

TEST_F(TransactionsTest, TheLastEpochEndsByItself) {
  ASSERT_EQ(append({.producer_id = 7, .producer_epoch = INT16_MAX}), KafkaError::kNone);
  EXPECT_EQ(end(7, {.producer_epoch = INT16_MAX, .version = TransactionVersion::k2}),
            KafkaError::kNone);
}

TEST_F(TransactionsTest, AMarkerOfAnOlderCoordinatorIsRefused) {
  ASSERT_EQ(append({.producer_id = 7}), KafkaError::kNone);
  ASSERT_EQ(end(7, {.coordinator_epoch = 5}), KafkaError::kNone);
  ASSERT_EQ(append({.producer_id = 7, .sequence = 1}), KafkaError::kNone);
  EXPECT_EQ(end(7, {.coordinator_epoch = 4}), KafkaError::kTransactionCoordinatorFenced);
  EXPECT_EQ(log->last_stable_offset(), Offset{2}) << "still open";
  EXPECT_EQ(end(7, {.coordinator_epoch = 5}), KafkaError::kNone);
}

TEST_F(TransactionsTest, ARestartForgetsNeitherEpochsNorWhatIsOpen) {
  ASSERT_EQ(append({.producer_id = 7}), KafkaError::kNone);
  ASSERT_EQ(end(7, {.producer_epoch = 2, .coordinator_epoch = 5}), KafkaError::kNone);
  ASSERT_EQ(append({.producer_id = 8}), KafkaError::kNone);
  for (const auto stop : {PreviousStop::kUnclean, PreviousStop::kClean}) {
    if (stop == PreviousStop::kClean) {
      ASSERT_TRUE(log->close().ok());
    }
    open(stop);
    EXPECT_EQ(log->last_stable_offset(), Offset{2});
    EXPECT_EQ(end(7, {.producer_epoch = 1, .coordinator_epoch = 5}),
              KafkaError::kInvalidProducerEpoch);
    EXPECT_EQ(end(7, {.producer_epoch = 2, .coordinator_epoch = 4}),
              KafkaError::kTransactionCoordinatorFenced);
    EXPECT_EQ(begin({.producer_id = 8, .sequence = 1}), VerificationGuard::kNone);
  }
}

TEST_F(TransactionsTest, AMarkerOfAStrangerIsAppended) {
  EXPECT_EQ(end(9, {.producer_epoch = 4}), KafkaError::kNone);
  EXPECT_EQ(log->log_end_offset(), Offset{1});
  EXPECT_EQ(append({.producer_id = 9, .producer_epoch = 3}), KafkaError::kInvalidProducerEpoch);
}

TEST_F(TransactionsTest, ATransactionCanEndHoweverSmallBatchesAreToBe) {
  ASSERT_EQ(append({.producer_id = 7}), KafkaError::kNone);
  config.max_message_bytes = 10;
  log->set_config(config);
  EXPECT_EQ(end(7), KafkaError::kNone);
  EXPECT_EQ(log->last_stable_offset(), Offset{2});
}

}  // namespace
}  // namespace millrace::storage
