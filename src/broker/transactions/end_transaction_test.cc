// How transactions end: what is decided, who may decide it, and what survives a restart.
#include "broker/transactions/end_transaction.h"

#include <gtest/gtest.h>

#include "broker/transactions/testing/transaction_world.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;
using Who = TransactionWorld::Who;
using enum TransactionResult;

constexpr std::int16_t kClassic = 4;
constexpr std::int16_t kWithEpochs = 5;

Who after(const Who& who, std::int16_t epochs = 1) {
  return {who.producer, static_cast<std::int16_t>(who.epoch + epochs), who.id};
}

/// A producer with an open transaction of two partitions.
Who open(TransactionWorld& world) {
  const Who who = world.make();
  EXPECT_EQ(world.error(world.enlist(who, {0, 1})), KafkaError::kNone);
  return who;
}
Who open_classic(TransactionWorld& world) {
  const Who who = world.make();
  EXPECT_EQ(world.error(world.add(who, {0, 1})), KafkaError::kNone);
  return who;
}

TEST(EndTransaction, WritesTheDecisionThenTheMarkersThenAnswers) {
  TransactionWorld world;
  const Who who = open_classic(world);
  world.holds_appends = true;
  world.holds_markers = true;
  const RequestToken token = world.end(who, kCommit, kClassic);
  EXPECT_TRUE(world.held_markers().empty()) << "the decision is not in the log yet";
  world.acknowledge();
  EXPECT_EQ(world.metadata().state, TransactionState::kPrepareCommit);
  ASSERT_EQ(world.held_markers().size(), 1U);
  EXPECT_EQ(world.held_markers()[0].partitions.size(), 2U);
  EXPECT_EQ(world.held_markers()[0].result, kCommit);
  EXPECT_FALSE(world.is_answered(token));
  world.write_markers();
  EXPECT_EQ(world.error(token), KafkaError::kNone);
  EXPECT_EQ(world.metadata().state, TransactionState::kCompleteCommit);
  EXPECT_TRUE(world.metadata().partitions.empty());
}

TEST(EndTransaction, OfAClassicClientKeepsTheEpoch) {
  TransactionWorld world;
  const Who who = open_classic(world);
  const RequestToken token = world.end(who, kAbort, kClassic);
  EXPECT_EQ(world.error(token), KafkaError::kNone);
  EXPECT_EQ(world.markers().at(0).producer_epoch, ProducerEpoch{who.epoch});
  EXPECT_EQ(world.error(world.add(who, {0})), KafkaError::kNone);
}

TEST(EndTransaction, OfANewerClientRaisesTheEpochAndMarksWithIt) {
  TransactionWorld world;
  const Who who = open(world);
  const RequestToken token = world.end(who, kCommit, kWithEpochs);
  const auto& response = world.answer<wire::EndTxnResponse>(token);
  EXPECT_EQ(response.error_code, 0);
  EXPECT_EQ(response.producer_id, who.producer);
  EXPECT_EQ(response.producer_epoch, who.epoch + 1);
  EXPECT_EQ(world.markers().at(0).producer_epoch, ProducerEpoch{response.producer_epoch});
  EXPECT_EQ(world.error(world.enlist(who, {0})), KafkaError::kProducerFenced);
  EXPECT_EQ(world.error(world.enlist(after(who), {0})), KafkaError::kNone);
}

TEST(EndTransaction, RepeatedIsAnsweredAsTheFirstTime) {
  TransactionWorld world;
  const Who classic = open_classic(world);
  ASSERT_EQ(world.error(world.end(classic, kCommit, kClassic)), KafkaError::kNone);
  EXPECT_EQ(world.error(world.end(classic, kCommit, kClassic)), KafkaError::kNone);
  EXPECT_EQ(world.error(world.end(classic, kAbort, kClassic)), KafkaError::kInvalidTxnState);

  TransactionWorld newer;
  const Who who = open(newer);
  ASSERT_EQ(newer.error(newer.end(who, kCommit, kWithEpochs)), KafkaError::kNone);
  const RequestToken repeated = newer.end(who, kCommit, kWithEpochs);
  EXPECT_EQ(newer.error(repeated), KafkaError::kNone);
  EXPECT_EQ(newer.answer<wire::EndTxnResponse>(repeated).producer_epoch, who.epoch + 1);
  EXPECT_EQ(newer.error(newer.end(who, kAbort, kWithEpochs)), KafkaError::kInvalidTxnState);
  EXPECT_EQ(newer.markers().size(), 1U);
}

TEST(EndTransaction, RepeatedWhileTheFirstIsUnderWayWaitsForIt) {
  TransactionWorld world;
  const Who who = open(world);
  world.holds_markers = true;
  const RequestToken first = world.end(who, kCommit, kWithEpochs);
  const RequestToken second = world.end(who, kCommit, kWithEpochs);
  EXPECT_FALSE(world.is_answered(second));
  world.write_markers();
  EXPECT_EQ(world.error(first), KafkaError::kNone);
  EXPECT_EQ(world.error(second), KafkaError::kNone);
  EXPECT_TRUE(world.held_markers().empty());
}

TEST(EndTransaction, WhereNothingWasAdded) {
  TransactionWorld world;
  const Who who = world.make();
  EXPECT_EQ(world.error(world.end(who, kCommit, kClassic)), KafkaError::kInvalidTxnState);
  EXPECT_EQ(world.error(world.end(who, kAbort, kClassic)), KafkaError::kInvalidTxnState);
  EXPECT_EQ(world.error(world.end(who, kCommit, kWithEpochs)), KafkaError::kInvalidTxnState);
  const RequestToken aborted = world.end(who, kAbort, kWithEpochs);
  EXPECT_EQ(world.error(aborted), KafkaError::kNone);
  EXPECT_EQ(world.answer<wire::EndTxnResponse>(aborted).producer_epoch, who.epoch + 1);
  // And again under the new epoch, as after each transaction.
  EXPECT_EQ(world.error(world.end(after(who), kAbort, kWithEpochs)), KafkaError::kNone);
  EXPECT_TRUE(world.markers().empty());
}

TEST(EndTransaction, RefusesStrangers) {
  TransactionWorld world;
  const Who who = open_classic(world);
  EXPECT_EQ(world.error(world.end({who.producer, who.epoch, "nobody"}, kCommit)),
            KafkaError::kInvalidProducerIdMapping);
  EXPECT_EQ(world.error(world.end({who.producer + 1, who.epoch}, kCommit)),
            KafkaError::kInvalidProducerIdMapping);
  EXPECT_EQ(world.error(world.end(after(who), kCommit)), KafkaError::kProducerFenced);
  constexpr std::int16_t kFirst = 1;
  EXPECT_EQ(world.error(world.end(after(who), kCommit, kFirst)), KafkaError::kInvalidProducerEpoch);
  EXPECT_EQ(world.error(world.end({who.producer, who.epoch, ""}, kCommit)),
            KafkaError::kInvalidRequest);
  EXPECT_EQ(world.metadata().state, TransactionState::kOngoing);
}

TEST(EndTransaction, MovesToTheNextProducerIdWhenTheEpochsRunOut) {
  TransactionWorld world;
  Who who = world.make();
  constexpr std::int16_t kLast = 32'766;
  while (who.epoch < kLast) who = world.make();
  ASSERT_EQ(world.error(world.enlist(who, {0})), KafkaError::kNone);
  const RequestToken token = world.end(who, kCommit, kWithEpochs);
  const auto& response = world.answer<wire::EndTxnResponse>(token);
  EXPECT_NE(response.producer_id, who.producer);
  EXPECT_EQ(response.producer_epoch, 0);
  EXPECT_EQ(world.markers().back().producer_id, ProducerId{who.producer});
  const RequestToken repeated = world.end(who, kCommit, kWithEpochs);
  EXPECT_EQ(world.error(repeated), KafkaError::kNone);
  EXPECT_EQ(world.answer<wire::EndTxnResponse>(repeated).producer_id, response.producer_id);
  EXPECT_EQ(world.error(world.enlist({response.producer_id, 0}, {0})), KafkaError::kNone);
}

TEST(EndTransaction, IsAnsweredWhenOneMarkerCannotBeWrittenAndGoesOnTrying) {
  TransactionWorld world;
  const Who who = open(world);
  world.holds_markers = true;
  const RequestToken token = world.end(who, kCommit, kWithEpochs);
  world.write_markers({{"topic", PartitionId{1}}});
  EXPECT_EQ(world.error(token), KafkaError::kNone) << "it is decided";
  EXPECT_EQ(world.error(world.enlist(after(who), {0})), KafkaError::kConcurrentTransactions);
  world.advance(Millis{1'000});
  ASSERT_EQ(world.held_markers().size(), 1U);
  EXPECT_EQ(world.held_markers()[0].partitions,
            (std::vector<TopicPartition>{{"topic", PartitionId{1}}}));
  world.write_markers();
  EXPECT_EQ(world.metadata().state, TransactionState::kCompleteCommit);
  EXPECT_EQ(world.error(world.enlist(after(who), {0})), KafkaError::kNone);
}

TEST(EndTransaction, RefusedByTheLogLeavesItOpenAndEndsItInTime) {
  TransactionWorld world;
  const Who who = open(world);
  world.holds_appends = true;
  const RequestToken token = world.end(who, kCommit, kWithEpochs);
  world.acknowledge(KafkaError::kKafkaStorageError);
  EXPECT_EQ(world.error(token), KafkaError::kNotCoordinator);
  EXPECT_EQ(world.metadata().state, TransactionState::kOngoing);
  EXPECT_EQ(world.metadata().producer_epoch, ProducerEpoch{who.epoch});
  world.holds_appends = false;
  EXPECT_EQ(world.error(world.end(who, kCommit, kWithEpochs)), KafkaError::kNone);
}

TEST(EndTransaction, RefusedByTheLogTakesNothingOfItsTime) {
  TransactionWorld world;
  const Who who = open(world);
  world.advance(Millis{10'000});
  world.holds_appends = true;
  world.end(who, kCommit, kWithEpochs);
  world.acknowledge(KafkaError::kKafkaStorageError);
  world.holds_appends = false;
  world.advance(Millis{49'999});
  EXPECT_EQ(world.metadata().state, TransactionState::kOngoing) << "its producer is well";
  world.advance(Millis{1});
  EXPECT_EQ(world.metadata().state, TransactionState::kCompleteAbort);
}

TEST(TransactionTimeout, AbortsAndFences) {
  TransactionWorld world;
  const Who who = open(world);
  world.advance(Millis{59'999});
  EXPECT_EQ(world.metadata().state, TransactionState::kOngoing);
  world.advance(Millis{1});
  EXPECT_EQ(world.metadata().state, TransactionState::kCompleteAbort);
  EXPECT_EQ(world.markers().at(0).result, kAbort);
  EXPECT_EQ(world.error(world.end(who, kCommit, kWithEpochs)), KafkaError::kProducerFenced);
  EXPECT_EQ(world.error(world.end(who, kAbort, kWithEpochs)), KafkaError::kProducerFenced);
  EXPECT_EQ(world.error(world.enlist(who, {0})), KafkaError::kProducerFenced);
}

TEST(TransactionTimeout, CountsFromTheFirstPartitionAndNotForTheNextTransaction) {
  TransactionWorld world;
  const Who who = open_classic(world);
  world.advance(Millis{40'000});
  ASSERT_EQ(world.error(world.end(who, kCommit, kClassic)), KafkaError::kNone);
  ASSERT_EQ(world.error(world.add(who, {0})), KafkaError::kNone);
  world.advance(Millis{40'000});
  EXPECT_EQ(world.metadata().state, TransactionState::kOngoing);
  world.advance(Millis{20'000});
  EXPECT_EQ(world.metadata().state, TransactionState::kCompleteAbort);
}

TEST(TransactionTimeout, RefusedByTheLogIsTriedAgainSoon) {
  TransactionWorld world;
  open(world);
  world.holds_appends = true;
  world.advance(Millis{60'000});
  world.acknowledge(KafkaError::kKafkaStorageError);
  EXPECT_EQ(world.metadata().state, TransactionState::kOngoing);
  world.holds_appends = false;
  world.advance(Millis{1'000});
  EXPECT_EQ(world.metadata().state, TransactionState::kCompleteAbort);
}

TEST(TransactionTimeout, ThatComesWhileTheLogRefusesTheEndAborts) {
  TransactionWorld world;
  const Who who = open(world);
  world.holds_appends = true;
  const RequestToken token = world.end(who, kCommit, kWithEpochs);
  world.advance(Millis{60'000});
  world.holds_appends = false;
  world.acknowledge(KafkaError::kKafkaStorageError);
  EXPECT_EQ(world.error(token), KafkaError::kNotCoordinator);
  EXPECT_EQ(world.metadata().state, TransactionState::kCompleteAbort);
}

TEST(TransactionTimeout, ThatComesWhileItEndsSparesTheNextTransaction) {
  TransactionWorld world;
  const Who who = open_classic(world);
  world.holds_appends = true;
  world.end(who, kCommit, kClassic);
  const RequestToken next = world.add(who, {0});
  world.advance(Millis{60'000});
  world.holds_appends = false;
  world.acknowledge();
  EXPECT_EQ(world.error(next), KafkaError::kNone);
  EXPECT_EQ(world.metadata().state, TransactionState::kOngoing);
  EXPECT_EQ(world.markers().size(), 1U) << "of the first one";
}

TEST(TransactionRestart, CompletesWhatHasNoPartitions) {
  class NoIds final : public ProducerIds {
    void refill() override {}
    Result<ProducerId> next() override { return ProducerId{0}; }
  } ids;
  TransactionCoordinator coordinator({}, ids);
  const LogRecord record = transaction_record("t", {.producer_id = ProducerId{7},
                                                    .producer_epoch = ProducerEpoch{0},
                                                    .timeout = Millis{60'000},
                                                    .state = TransactionState::kPrepareCommit,
                                                    .partitions = {}})
                               .value();
  ASSERT_TRUE(coordinator.replay({}, record.key, record.value).ok());
  const TransactionWorld world;
  const auto effects = coordinator.finish_replay(world.now());
  EXPECT_TRUE(effects.markers.empty()) << "nobody would tell that none of them is written";
  EXPECT_EQ(effects.appends.size(), 1U);
  EXPECT_EQ(coordinator.state().transactions.at("t")->metadata.state,
            TransactionState::kCompleteCommit);
}

TEST(TransactionRestart, CarriesOutWhatWasDecided) {
  for (const TransactionResult result : {kCommit, kAbort}) {
    TransactionWorld world;
    const Who who = open(world);
    world.holds_markers = true;
    world.end(who, result, kWithEpochs);
    world.restart();
    ASSERT_EQ(world.held_markers().size(), 1U);
    EXPECT_EQ(world.held_markers()[0].result, result);
    EXPECT_EQ(world.held_markers()[0].partitions.size(), 2U);
    world.write_markers();
    // The producer asks again, because it never heard.
    const RequestToken again = world.end(who, result, kWithEpochs);
    EXPECT_EQ(world.error(again), KafkaError::kNone);
    EXPECT_EQ(world.answer<wire::EndTxnResponse>(again).producer_epoch, who.epoch + 1);
  }
}

TEST(TransactionRestart, KeepsAnOpenTransactionAndTheRestOfItsTime) {
  TransactionWorld world;
  const Who who = open(world);
  world.advance(Millis{50'000});
  world.restart();
  EXPECT_EQ(world.error(world.enlist(who, {0})), KafkaError::kNone);
  world.advance(Millis{10'000});
  EXPECT_EQ(world.metadata().state, TransactionState::kCompleteAbort);
}

TEST(TransactionRestart, BringsBackWhatTheLogHas) {
  TransactionWorld world;
  const Who who = open(world);
  world.end(who, kCommit, kWithEpochs);
  world.make({.id = "other", .timeout_ms = 1'234});
  const TransactionMetadata ended = world.metadata();
  const TransactionMetadata other = world.metadata("other");
  world.restart();
  TransactionMetadata expected = ended;
  expected.last_producer_epoch = kNoProducerEpoch;  // not in Kafka's records
  EXPECT_EQ(world.metadata(), expected);
  EXPECT_EQ(world.metadata("other"), other);
}

TEST(TransactionExpiration, ForgetsIdsThatNobodyUsedAndNoOpenOnes) {
  TransactionWorld world({.id_expiration = std::chrono::hours{2}});
  world.make({.id = "idle"});
  const Who open = world.make({.id = "open", .timeout_ms = 900'000});
  world.advance(std::chrono::hours{2});
  EXPECT_EQ(world.find("idle"), nullptr);
  EXPECT_EQ(world.error(world.add({0, 0, "idle"}, {0})), KafkaError::kInvalidProducerIdMapping);
  world.restart();
  EXPECT_EQ(world.find("idle"), nullptr) << "its tombstone is in the log";
  EXPECT_EQ(world.make({.id = "idle"}).epoch, 0);
  (void)open;
}

TEST(TransactionExpiration, LetsARequestThatCameMeanwhileBeginAnew) {
  TransactionWorld world({.id_expiration = std::chrono::hours{1}});
  const Who first = world.make();
  world.holds_appends = true;
  world.advance(std::chrono::hours{1});
  ASSERT_EQ(world.held_appends(), 1U) << "the tombstone";
  const RequestToken token = world.init({});
  const RequestToken late = world.add(first, {0});
  world.acknowledge();
  EXPECT_EQ(world.error(token), KafkaError::kConcurrentTransactions);
  EXPECT_EQ(world.error(late), KafkaError::kInvalidProducerIdMapping);
  world.holds_appends = false;
  EXPECT_NE(world.make().producer, first.producer);
}

}  // namespace
}  // namespace millrace::broker
