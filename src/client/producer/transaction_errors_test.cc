#include "client/producer/transaction_errors.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "wire/error_codes.h"

namespace millrace::client {
namespace {

using wire::KafkaError;

constexpr TransactionStep kSteps[] = {
    TransactionStep::kInitProducerId, TransactionStep::kAddPartitions, TransactionStep::kProduce,
    TransactionStep::kAddOffsets,     TransactionStep::kCommitOffsets, TransactionStep::kEnd};

char letter(TransactionErrorKind kind) {
  switch (kind) {
    case TransactionErrorKind::kInvalidCall:
      return '?';
    case TransactionErrorKind::kRetriable:
      return 'r';
    case TransactionErrorKind::kAbortable:
      return 'a';
    case TransactionErrorKind::kFatal:
      break;
  }
  return 'F';
}

std::string kinds(const Error& error) {
  std::string letters;
  for (const TransactionStep step : kSteps) letters += letter(transaction_error_kind(step, error));
  return letters;
}

// What Kafka's Java client makes of each, in the order of kSteps: InitProducerId,
// AddPartitionsToTxn, Produce, AddOffsetsToTxn, TxnOffsetCommit, EndTxn.
struct Named {
  KafkaError error;
  std::string_view kinds;
};
constexpr Named kNamed[] = {
    {KafkaError::kInvalidProducerEpoch, "FFaFFF"},
    {KafkaError::kProducerFenced, "FFFFFF"},
    {KafkaError::kInvalidTxnState, "FFaFFF"},
    {KafkaError::kTransactionalIdAuthorizationFailed, "aFFFFF"},
    {KafkaError::kClusterAuthorizationFailed, "aaFFFF"},
    {KafkaError::kUnknownProducerId, "FaaaFa"},
    {KafkaError::kInvalidProducerIdMapping, "FaaaFa"},
    {KafkaError::kGroupAuthorizationFailed, "FaaaaF"},
    {KafkaError::kFencedInstanceId, "FaaFaF"},
    {KafkaError::kIllegalGeneration, "FaaFaF"},
    {KafkaError::kUnknownMemberId, "FaaFaF"},
    {KafkaError::kRebalanceInProgress, "FaaFaF"},
    {KafkaError::kFencedMemberEpoch, "FaaFaF"},
    {KafkaError::kStaleMemberEpoch, "FaaFaF"},
    {KafkaError::kTransactionAbortable, "aaaaaa"},
    {KafkaError::kUnsupportedVersion, "FaFFFF"},
    {KafkaError::kConcurrentTransactions, "rrarrr"},
    {KafkaError::kCoordinatorLoadInProgress, "rrarrr"},
    {KafkaError::kCoordinatorNotAvailable, "rrarrr"},
    {KafkaError::kNotCoordinator, "rrarrr"},
    {KafkaError::kUnknownTopicOrPartition, "rrarrr"},
    {KafkaError::kRequestTimedOut, "rrarrr"},
    {KafkaError::kTopicAuthorizationFailed, "FaaFFF"},
    {KafkaError::kOperationNotAttempted, "FaaFFF"},
    {KafkaError::kMessageTooLarge, "FaaFFF"},
    {KafkaError::kOutOfOrderSequenceNumber, "FaaFFF"},
    {KafkaError::kInvalidTransactionTimeout, "FaaFFF"},
    {KafkaError::kUnknownServerError, "FaaFFF"},
};

TEST(TransactionErrors, AreOfTheKindThatKafkasClientGivesThemAtEachStep) {
  for (const Named& each : kNamed) {
    EXPECT_EQ(kinds(wire::make_error(each.error)), each.kinds)
        << wire::kafka_error_name(each.error);
  }
}

TEST(TransactionErrors, OfEveryCodeAreRetriedWhereTheTableOfWireSaysSoAndNowhereElse) {
  for (int code = -1; code < 140; ++code) {
    const auto error = static_cast<KafkaError>(code);
    if (error == KafkaError::kNone) continue;
    for (const TransactionStep step : kSteps) {
      const auto kind = transaction_error_kind(step, wire::make_error(error));
      const bool is_retried = wire::is_retriable(error) && step != TransactionStep::kProduce;
      EXPECT_EQ(kind == TransactionErrorKind::kRetriable, is_retried)
          << wire::kafka_error_name(error) << " at step " << static_cast<int>(step);
    }
  }
}

TEST(TransactionErrors, ThatNoBrokerSentPassUnlessTheyCannot) {
  EXPECT_EQ(kinds({ErrorCode::kTimeout, ""}), "rrarrr");
  EXPECT_EQ(kinds({ErrorCode::kClosed, ""}), "rrarrr");
  EXPECT_EQ(kinds({ErrorCode::kUnsupported, ""}), "FFFFFF");
}

TEST(TransactionErrors, SayWhenTheProducerIdIsGone) {
  EXPECT_TRUE(has_lost_producer_id(wire::make_error(KafkaError::kInvalidProducerIdMapping)));
  EXPECT_TRUE(has_lost_producer_id(wire::make_error(KafkaError::kUnknownProducerId)));
  EXPECT_FALSE(has_lost_producer_id(wire::make_error(KafkaError::kProducerFenced)));
  EXPECT_FALSE(has_lost_producer_id({ErrorCode::kTimeout, ""}));
}

}  // namespace
}  // namespace millrace::client
