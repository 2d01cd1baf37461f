#include "broker/transactions/verification_words.h"

#include <gtest/gtest.h>

#include <vector>

namespace millrace::broker {
namespace {

struct Heard {
  wire::KafkaError said;
  std::int16_t version;
  wire::KafkaError heard;
};

TEST(VerificationWords, OfProduceAreThoseThatItsVersionKnows) {
  using enum wire::KafkaError;
  const std::vector<Heard> cases{{kNone, 3, kNone},
                                 {kProducerFenced, 13, kInvalidProducerEpoch},
                                 {kInvalidProducerIdMapping, 3, kInvalidProducerIdMapping},
                                 {kTransactionAbortable, 10, kInvalidTxnState},
                                 {kTransactionAbortable, 11, kTransactionAbortable},
                                 {kConcurrentTransactions, 11, kNotEnoughReplicas},
                                 {kConcurrentTransactions, 12, kConcurrentTransactions},
                                 {kNotCoordinator, 13, kNotEnoughReplicas},
                                 {kCoordinatorNotAvailable, 13, kNotEnoughReplicas}};
  for (const Heard& each : cases)
    EXPECT_EQ(in_words_of_produce(each.said, each.version), each.heard)
        << kafka_error_name(each.said) << " in version " << each.version;
}

TEST(VerificationWords, OfTxnOffsetCommitAreThoseThatItsVersionKnows) {
  using enum wire::KafkaError;
  const std::vector<Heard> cases{{kNone, 0, kNone},
                                 {kProducerFenced, 6, kInvalidProducerEpoch},
                                 {kTransactionAbortable, 3, kInvalidTxnState},
                                 {kTransactionAbortable, 4, kTransactionAbortable},
                                 {kConcurrentTransactions, 1, kCoordinatorNotAvailable},
                                 {kConcurrentTransactions, 4, kCoordinatorLoadInProgress},
                                 {kConcurrentTransactions, 5, kConcurrentTransactions},
                                 {kNotCoordinator, 6, kNotCoordinator},
                                 {kCoordinatorNotAvailable, 6, kCoordinatorNotAvailable}};
  for (const Heard& each : cases)
    EXPECT_EQ(in_words_of_txn_offset_commit(each.said, each.version), each.heard)
        << kafka_error_name(each.said) << " in version " << each.version;
}

}  // namespace
}  // namespace millrace::broker
