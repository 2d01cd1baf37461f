#include "broker/transactions/verification_words.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;

struct Words {
  std::int16_t abortable_since;  // INVALID_TXN_STATE before
  std::int16_t
      concurrent_since;  // `again` before: to be sent again, in a word that old clients know
  KafkaError again;
  /// NOT_COORDINATOR and COORDINATOR_NOT_AVAILABLE: of no coordinator that the client asked for.
  KafkaError no_coordinator;
};

KafkaError in_words(const Words& words, KafkaError error, std::int16_t api_version) {
  switch (error) {
    case KafkaError::kProducerFenced:
      return KafkaError::kInvalidProducerEpoch;
    case KafkaError::kTransactionAbortable:
      return api_version < words.abortable_since ? KafkaError::kInvalidTxnState : error;
    case KafkaError::kConcurrentTransactions:
      return api_version < words.concurrent_since ? words.again : error;
    case KafkaError::kNotCoordinator:
    case KafkaError::kCoordinatorNotAvailable:
      return words.no_coordinator;
    default:
      return error;
  }
}

}  // namespace

KafkaError in_words_of_produce(KafkaError error, std::int16_t api_version) {
  constexpr Words kWords{.abortable_since = 11,
                         .concurrent_since = kProduceAddsSince,
                         .again = KafkaError::kNotEnoughReplicas,
                         .no_coordinator = KafkaError::kNotEnoughReplicas};
  return in_words(kWords, error, api_version);
}

KafkaError in_words_of_txn_offset_commit(KafkaError error, std::int16_t api_version) {
  // Clients of v0 and v1 fall over COORDINATOR_LOAD_IN_PROGRESS.
  constexpr std::int16_t kLoadInProgressSince = 2;
  const Words words{.abortable_since = 4,
                    .concurrent_since = kTxnOffsetCommitAddsSince,
                    .again = api_version < kLoadInProgressSince
                                 ? KafkaError::kCoordinatorNotAvailable
                                 : KafkaError::kCoordinatorLoadInProgress,
                    .no_coordinator = error};
  return in_words(words, error, api_version);
}

}  // namespace millrace::broker
