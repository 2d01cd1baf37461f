// Which partitions are in a transaction, and who may say so.
#include "broker/transactions/add_partitions.h"

#include <gtest/gtest.h>

#include "broker/transactions/testing/transaction_world.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;
using Who = TransactionWorld::Who;

TEST(AddPartitions, OpensTheTransactionAndAddsToIt) {
  TransactionWorld world;
  const Who who = world.make();
  EXPECT_EQ(world.error(world.add(who, {0})), KafkaError::kNone);
  const Timestamp start = world.metadata().start;
  world.advance(Millis{50});
  EXPECT_EQ(world.error(world.add(who, {1, 2})), KafkaError::kNone);
  EXPECT_EQ(world.metadata().state, TransactionState::kOngoing);
  EXPECT_EQ(world.metadata().partitions.size(), 3U);
  EXPECT_EQ(world.metadata().start, start);
}

TEST(AddPartitions, IsAnsweredOnlyWhenThePartitionsAreInTheLog) {
  TransactionWorld world;
  const Who who = world.make();
  world.holds_appends = true;
  const RequestToken token = world.add(who, {0});
  EXPECT_FALSE(world.is_answered(token));
  EXPECT_EQ(world.metadata().state, TransactionState::kEmpty);
  world.acknowledge();
  EXPECT_EQ(world.error(token), KafkaError::kNone);
}

TEST(AddPartitions, ThatAreInTheTransactionAlreadyCostNoAppend) {
  TransactionWorld world;
  const Who who = world.make();
  ASSERT_EQ(world.error(world.add(who, {0, 1})), KafkaError::kNone);
  world.holds_appends = true;
  EXPECT_EQ(world.error(world.add(who, {1})), KafkaError::kNone);
  EXPECT_EQ(world.held_appends(), 0U);
}

TEST(AddPartitions, ThatAreNoneOpenNothing) {
  TransactionWorld world;
  const Who who = world.make();
  const RequestToken none = world.add(who, {});
  EXPECT_TRUE(world.is_answered(none));
  EXPECT_EQ(world.metadata().state, TransactionState::kEmpty);
  ASSERT_EQ(world.error(world.add(who, {0})), KafkaError::kNone);
  world.holds_appends = true;
  world.add(who, {});
  EXPECT_EQ(world.held_appends(), 0U);
}

TEST(AddPartitions, RefusesStrangers) {
  TransactionWorld world;
  const Who who = world.make();
  EXPECT_EQ(world.error(world.add({who.producer, who.epoch, "nobody"}, {0})),
            KafkaError::kInvalidProducerIdMapping);
  EXPECT_EQ(world.error(world.add({who.producer + 1, who.epoch}, {0})),
            KafkaError::kInvalidProducerIdMapping);
  const Who late{who.producer, static_cast<std::int16_t>(who.epoch + 1)};
  EXPECT_EQ(world.error(world.add(late, {0})), KafkaError::kProducerFenced);
  constexpr std::int16_t kFirst = 0;
  EXPECT_EQ(world.error(world.add(late, {0}, kFirst)), KafkaError::kInvalidProducerEpoch);
  EXPECT_EQ(world.error(world.add({who.producer, who.epoch, ""}, {0})),
            KafkaError::kInvalidRequest);
  EXPECT_EQ(world.metadata().state, TransactionState::kEmpty);
}

TEST(AddPartitions, WaitsForAnotherChangeInsteadOfRefusing) {
  TransactionWorld world;
  const Who who = world.make();
  world.holds_appends = true;
  const RequestToken first = world.add(who, {0});
  const RequestToken second = world.add(who, {1});
  world.acknowledge();
  EXPECT_EQ(world.error(first), KafkaError::kNone);
  EXPECT_FALSE(world.is_answered(second));
  world.acknowledge();
  EXPECT_EQ(world.error(second), KafkaError::kNone);
  EXPECT_EQ(world.metadata().partitions.size(), 2U);
}

TEST(AddPartitions, RefusedByTheLogLeaveTheTransactionAsItWas) {
  TransactionWorld world;
  const Who who = world.make();
  world.holds_appends = true;
  const RequestToken token = world.add(who, {0});
  world.acknowledge(KafkaError::kKafkaStorageError);
  EXPECT_EQ(world.error(token), KafkaError::kNotCoordinator);
  EXPECT_EQ(world.metadata().state, TransactionState::kEmpty);
}

TEST(Enlist, AddsForClientsThatDoNot) {
  TransactionWorld world;
  const Who who = world.make();
  EXPECT_EQ(world.error(world.enlist(who, {4})), KafkaError::kNone);
  EXPECT_EQ(world.metadata().client_version, kEpochPerTransaction);
  EXPECT_TRUE(world.metadata().partitions.contains({"topic", PartitionId{4}}));
}

TEST(Enlist, VerifiesEachPartitionForClientsThatAddThemselves) {
  TransactionWorld world;
  const Who who = world.make();
  ASSERT_EQ(world.error(world.add(who, {0})), KafkaError::kNone);
  const auto token = world.enlist(who, {0, 1}, Enlisting::kVerify);
  const auto& errors = world.answer<EnlistResponse>(token).errors;
  EXPECT_EQ(errors, (std::vector{KafkaError::kNone, KafkaError::kTransactionAbortable}));
  EXPECT_EQ(world.metadata().partitions.size(), 1U);
}

TEST(Enlist, FindsNothingOnceTheTransactionIsOver) {
  TransactionWorld world;
  const Who who = world.make();
  ASSERT_EQ(world.error(world.add(who, {0})), KafkaError::kNone);
  ASSERT_EQ(world.error(world.end(who, TransactionResult::kCommit)), KafkaError::kNone);
  EXPECT_EQ(world.error(world.enlist(who, {0}, Enlisting::kVerify)),
            KafkaError::kTransactionAbortable);
}

TEST(AddPartitions, OfManyTransactionsAnswerEachOfThem) {
  TransactionWorld world;
  const Who one = world.make({.id = "one"});
  const Who two = world.make({.id = "two"});
  ASSERT_EQ(world.error(world.add(one, {0})), KafkaError::kNone);
  wire::AddPartitionsToTxnRequest request;
  request.transactions.push_back({.transactional_id = "one",
                                  .producer_id = one.producer,
                                  .producer_epoch = one.epoch,
                                  .verify_only = true,
                                  .topics = {{"topic", {0, 1}}}});
  request.transactions.push_back({.transactional_id = "two",
                                  .producer_id = two.producer,
                                  .producer_epoch = two.epoch,
                                  .verify_only = false,
                                  .topics = {{"topic", {7}}}});
  request.transactions.push_back({.transactional_id = "none",
                                  .producer_id = two.producer,
                                  .producer_epoch = two.epoch,
                                  .verify_only = false,
                                  .topics = {{"topic", {7}}}});
  const RequestToken token{1'000};
  constexpr std::int16_t kBatched = 5;
  auto effects = world.coordinator().add_partitions(token, request, kBatched, world.now());
  ASSERT_TRUE(effects.replies.empty()) << "one of them waits for the log";
  ASSERT_EQ(effects.appends.size(), 1U);
  effects = world.coordinator().appended(effects.appends[0].id, KafkaError::kNone, world.now());
  ASSERT_EQ(effects.replies.size(), 1U);
  const auto& response = std::get<wire::AddPartitionsToTxnResponse>(effects.replies[0].response);
  const auto error = [&](std::size_t transaction, std::size_t partition) {
    const auto& topic = response.results_by_transaction.at(transaction).topic_results.at(0);
    return static_cast<KafkaError>(topic.results_by_partition.at(partition).partition_error_code);
  };
  EXPECT_EQ(error(0, 0), KafkaError::kNone);
  EXPECT_EQ(error(0, 1), KafkaError::kTransactionAbortable);
  EXPECT_EQ(error(1, 0), KafkaError::kNone);
  EXPECT_EQ(error(2, 0), KafkaError::kInvalidProducerIdMapping);
}

}  // namespace
}  // namespace millrace::broker
