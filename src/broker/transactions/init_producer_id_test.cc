// InitProducerId for a transactional id: who gets which epoch, and who is fenced.
#include "broker/transactions/init_producer_id.h"

#include <gtest/gtest.h>

#include "broker/transactions/testing/transaction_world.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;
using Who = TransactionWorld::Who;

constexpr std::int16_t kLastEpoch = 32'766;

TEST(InitProducerId, GivesANewIdItsFirstEpochAndFencesWithEachFurtherCall) {
  TransactionWorld world;
  const Who first = world.make();
  EXPECT_EQ(first.epoch, 0);
  const Who second = world.make();
  EXPECT_EQ(second.producer, first.producer);
  EXPECT_EQ(second.epoch, 1);
  EXPECT_EQ(world.error(world.add(first, {0})), KafkaError::kProducerFenced);
  EXPECT_EQ(world.error(world.add(second, {0})), KafkaError::kNone);
}

TEST(InitProducerId, GivesOtherTransactionalIdsOtherProducers) {
  TransactionWorld world;
  EXPECT_NE(world.make({.id = "a"}).producer, world.make({.id = "b"}).producer);
}

TEST(InitProducerId, IsAnsweredOnlyWhenTheEpochIsInTheLog) {
  TransactionWorld world;
  world.holds_appends = true;
  const RequestToken token = world.init({});
  EXPECT_FALSE(world.is_answered(token));
  world.acknowledge();
  EXPECT_EQ(world.initialized(token).epoch, 0);
}

TEST(InitProducerId, RefusedByTheLogGivesNothingAndMayBeTriedAgain) {
  TransactionWorld world;
  world.holds_appends = true;
  const RequestToken refused = world.init({});
  world.acknowledge(KafkaError::kKafkaStorageError);
  EXPECT_EQ(world.error(refused), KafkaError::kNotCoordinator);
  world.holds_appends = false;
  EXPECT_EQ(world.make().epoch, 0);
}

TEST(InitProducerId, RefusesWhatNoProducerMaySay) {
  TransactionWorld world;
  EXPECT_EQ(world.error(world.init({.id = ""})), KafkaError::kInvalidRequest);
  EXPECT_EQ(world.error(world.init({.timeout_ms = 0})), KafkaError::kInvalidTransactionTimeout);
  EXPECT_EQ(world.error(world.init({.timeout_ms = 900'001})),
            KafkaError::kInvalidTransactionTimeout);
  EXPECT_EQ(world.error(world.init({.producer = 5})), KafkaError::kInvalidRequest);
  EXPECT_EQ(world.find(), nullptr);
}

TEST(InitProducerId, LetsAProducerThatRecoversGoOnUnlessAnotherCame) {
  TransactionWorld world;
  const Who first = world.make();
  const RequestToken again = world.init({.producer = first.producer, .epoch = first.epoch});
  EXPECT_EQ(world.initialized(again).epoch, 1);
  // Its answer was lost: the same call is answered the same way.
  const RequestToken repeated = world.init({.producer = first.producer, .epoch = first.epoch});
  EXPECT_EQ(world.initialized(repeated).epoch, 1);
  const Who other = world.make();
  EXPECT_EQ(other.epoch, 2);
  EXPECT_EQ(world.error(world.init({.producer = first.producer, .epoch = 1})),
            KafkaError::kProducerFenced);
  EXPECT_EQ(world.error(world.init({.producer = first.producer + 1, .epoch = 2})),
            KafkaError::kProducerFenced);
}

TEST(InitProducerId, TakesTheNextProducerIdWhenTheEpochsRunOut) {
  TransactionWorld world;
  const Who first = world.make();
  Who last = first;
  while (last.epoch < kLastEpoch) last = world.make();
  ASSERT_EQ(last.producer, first.producer);
  const RequestToken token = world.init({.producer = last.producer, .epoch = last.epoch});
  const Who next = world.initialized(token);
  EXPECT_NE(next.producer, first.producer);
  EXPECT_EQ(next.epoch, 0);
  EXPECT_EQ(world.metadata().previous_producer_id, ProducerId{first.producer});
}

TEST(InitProducerId, EndsTheTransactionOfWhoHadTheIdBeforeItIsAnswered) {
  TransactionWorld world;
  const Who zombie = world.make();
  ASSERT_EQ(world.error(world.add(zombie, {0, 1})), KafkaError::kNone);
  world.holds_markers = true;
  const RequestToken token = world.init({});
  EXPECT_FALSE(world.is_answered(token));
  ASSERT_EQ(world.held_markers().size(), 1U);
  const TransactionMarkers& markers = world.held_markers().front();
  EXPECT_EQ(markers.result, TransactionResult::kAbort);
  EXPECT_GT(markers.producer_epoch, ProducerEpoch{zombie.epoch});
  EXPECT_EQ(markers.partitions.size(), 2U);
  world.write_markers();
  const Who next = world.initialized(token);
  EXPECT_GT(next.epoch, markers.producer_epoch.value());
  EXPECT_EQ(world.error(world.end(zombie, TransactionResult::kCommit)),
            KafkaError::kProducerFenced);
}

TEST(InitProducerId, SendsTheProducerAwayWhenMarkersCannotBeWritten) {
  TransactionWorld world;
  const Who zombie = world.make();
  ASSERT_EQ(world.error(world.add(zombie, {0})), KafkaError::kNone);
  world.holds_markers = true;
  const RequestToken token = world.init({});
  world.write_markers({{"topic", PartitionId{0}}});
  EXPECT_EQ(world.error(token), KafkaError::kConcurrentTransactions);
  EXPECT_EQ(world.error(world.init({})), KafkaError::kConcurrentTransactions);
  world.advance(Millis{1'000});
  ASSERT_EQ(world.held_markers().size(), 1U) << "tried again";
  world.write_markers();
  EXPECT_EQ(world.error(world.init({})), KafkaError::kNone);
}

}  // namespace
}  // namespace millrace::broker
