// Transactions through the handlers: what a client of each generation does, and what its partitions
// hold then.
#include "broker/transactions/transaction_handlers.h"

#include <gtest/gtest.h>

#include "broker/testing/core_fixture.h"
#include "broker/transactions/transaction_service.h"
#include "wire/error_codes.h"
#include "wire/messages/add_offsets_to_txn.h"
#include "wire/messages/add_partitions_to_txn.h"
#include "wire/messages/describe_transactions.h"
#include "wire/messages/end_txn.h"
#include "wire/messages/init_producer_id.h"
#include "wire/messages/list_transactions.h"
#include "wire/messages/write_txn_markers.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;

constexpr std::int16_t kClassicProduce = 11;
constexpr std::int16_t kAddingProduce = 12;
constexpr std::int16_t kClassicEnd = 4;
constexpr std::int16_t kEndWithEpochs = 5;

class TransactionHandlers : public CoreFixture {
 protected:
  TransactionHandlers() {
    start();
    make_topic("orders", 2);
  }
  ~TransactionHandlers() override { core_->stop_coordinators(); }

  void start() { ASSERT_TRUE(core_->start_coordinators(*loop_).ok()); }
  void restart() {
    core_->stop_coordinators();
    restart_after_kill();
    start();
  }

  template <class Caught>
  static auto& answered(const std::shared_ptr<Caught>& caught) {
    CHECK(caught->is_answered(), "the request is not answered");
    return caught->response();
  }

  struct Who {
    std::int64_t id = -1;
    std::int16_t epoch = -1;
  };
  Who init(const std::string& transactional_id = "t") {
    const auto caught =
        call(&handle_init_producer_id,
             wire::InitProducerIdRequest{transactional_id, 60'000, -1, -1, false, false}, 5);
    const auto& response = answered(caught);
    EXPECT_EQ(response.error_code, 0);
    return {response.producer_id, response.producer_epoch};
  }
  KafkaError init_error(std::string id, std::int32_t timeout_ms) {
    const auto caught =
        call(&handle_init_producer_id,
             wire::InitProducerIdRequest{std::move(id), timeout_ms, -1, -1, false, false}, 4);
    EXPECT_EQ(answered(caught).producer_id, -1);
    return static_cast<KafkaError>(answered(caught).error_code);
  }
  KafkaError add(const Who& who, const std::string& topic, std::vector<std::int32_t> partitions,
                 std::int16_t version = 3) {
    wire::AddPartitionsToTxnRequest request;
    request.v3_and_below_transactional_id = "t";
    request.v3_and_below_producer_id = who.id;
    request.v3_and_below_producer_epoch = who.epoch;
    request.v3_and_below_topics.push_back({topic, std::move(partitions)});
    const auto caught = call(&handle_add_partitions_to_txn, std::move(request), version);
    const auto& results = answered(caught).results_by_topic_v3_and_below;
    return static_cast<KafkaError>(results.at(0).results_by_partition.at(0).partition_error_code);
  }
  /// One transactional record, as a request of its own.
  std::shared_ptr<Caught<wire::ProduceResponse>> send(
      const Who& who, std::int32_t partition, std::int32_t sequence, std::int16_t version,
      std::optional<std::string> transactional_id = "t") {
    const Buffer batch = batch_of({"v"}, {.producer_id = ProducerId{who.id},
                                          .producer_epoch = ProducerEpoch{who.epoch},
                                          .base_sequence = sequence,
                                          .is_transactional = true});
    wire::ProduceRequest request;
    request.acks = -1;
    request.transactional_id = std::move(transactional_id);
    auto& data = request.topic_data.emplace_back();
    data.name = "orders";
    Buffer frame = Buffer::copy_of(batch.view());
    auto& one = data.partition_data.emplace_back();
    one.index = partition;
    one.records = wire::Records(frame.view());
    return call(&handle_produce, std::move(request), version, std::move(frame));
  }
  static KafkaError error_of(const std::shared_ptr<Caught<wire::ProduceResponse>>& caught) {
    const auto& response = answered(caught);
    return static_cast<KafkaError>(response.responses.at(0).partition_responses.at(0).error_code);
  }
  wire::EndTxnResponse end(const Who& who, bool commit, std::int16_t version) {
    const auto caught =
        call(&handle_end_txn, wire::EndTxnRequest{"t", who.id, who.epoch, commit}, version);
    return answered(caught);
  }
  const storage::PartitionLog& log(std::int32_t partition) {
    return state().topics.table()->find_partition("orders", partition)->log();
  }
  std::int64_t last_stable(std::int32_t partition) {
    return log(partition).last_stable_offset().value();
  }
  std::int64_t end_of(std::int32_t partition) { return log(partition).log_end_offset().value(); }
};

TEST_F(TransactionHandlers, OfAClassicClientFromItsFirstCallToItsCommit) {
  const Who who = init();
  ASSERT_EQ(add(who, "orders", {0, 1}), KafkaError::kNone);
  ASSERT_EQ(error_of(send(who, 0, 0, kClassicProduce)), KafkaError::kNone);
  ASSERT_EQ(error_of(send(who, 0, 1, kClassicProduce)), KafkaError::kNone);
  EXPECT_EQ(last_stable(0), 0) << "open";
  EXPECT_EQ(end(who, true, kClassicEnd).error_code, 0);
  EXPECT_EQ(end_of(0), 3) << "two records and a marker";
  EXPECT_EQ(last_stable(0), 3);
  EXPECT_EQ(end_of(1), 1) << "a marker where nothing was written, too";
  // The next transaction of the same producer begins at once.
  ASSERT_EQ(add(who, "orders", {0}), KafkaError::kNone);
  ASSERT_EQ(error_of(send(who, 0, 2, kClassicProduce)), KafkaError::kNone);
}

TEST_F(TransactionHandlers, OfANewerClientIsOpenedByItsFirstBatch) {
  const Who who = init();
  ASSERT_EQ(error_of(send(who, 0, 0, kAddingProduce)), KafkaError::kNone);
  EXPECT_EQ(last_stable(0), 0);
  const auto ended = end(who, true, kEndWithEpochs);
  EXPECT_EQ(ended.error_code, 0);
  EXPECT_EQ(ended.producer_epoch, who.epoch + 1);
  EXPECT_EQ(last_stable(0), 2);
  // A batch that was late belongs to nothing.
  EXPECT_EQ(error_of(send(who, 0, 1, kAddingProduce)), KafkaError::kInvalidProducerEpoch);
  const Who next{ended.producer_id, ended.producer_epoch};
  EXPECT_EQ(error_of(send(next, 0, 0, kAddingProduce)), KafkaError::kNone);
}

TEST_F(TransactionHandlers, AreNotOpenedByABatchThatNobodyAnnounced) {
  const Who who = init();
  EXPECT_EQ(error_of(send(who, 0, 0, kClassicProduce)), KafkaError::kTransactionAbortable);
  constexpr std::int16_t kOlderProduce = 9;
  EXPECT_EQ(error_of(send(who, 0, 0, kOlderProduce)), KafkaError::kInvalidTxnState);
  EXPECT_EQ(
      error_of(send({who.id, static_cast<std::int16_t>(who.epoch + 1)}, 0, 0, kAddingProduce)),
      KafkaError::kInvalidProducerEpoch);
  EXPECT_EQ(error_of(send({who.id + 1, 0}, 0, 0, kAddingProduce)),
            KafkaError::kInvalidProducerIdMapping);
  EXPECT_EQ(error_of(send(who, 0, 0, kAddingProduce, std::nullopt)),
            KafkaError::kTransactionalIdAuthorizationFailed);
  EXPECT_EQ(end_of(0), 0);
}

TEST_F(TransactionHandlers, OfAZombieAreAbortedByTheNextProducer) {
  const Who zombie = init();
  ASSERT_EQ(error_of(send(zombie, 0, 0, kAddingProduce)), KafkaError::kNone);
  const Who next = init();
  EXPECT_EQ(next.id, zombie.id);
  EXPECT_GT(next.epoch, zombie.epoch);
  EXPECT_EQ(last_stable(0), 2);
  EXPECT_EQ(error_of(send(zombie, 0, 1, kAddingProduce)), KafkaError::kInvalidProducerEpoch);
  EXPECT_EQ(end(zombie, true, kEndWithEpochs).error_code, code_of(KafkaError::kProducerFenced));
}

TEST_F(TransactionHandlers, EndAlthoughAToolNamedAHigherCoordinatorEpoch) {
  const Who who = init();
  ASSERT_EQ(add(who, "orders", {0}), KafkaError::kNone);
  ASSERT_EQ(error_of(send(who, 0, 0, kClassicProduce)), KafkaError::kNone);
  wire::WriteTxnMarkersRequest abort;
  abort.markers.push_back({.producer_id = who.id,
                           .producer_epoch = who.epoch,
                           .transaction_result = false,
                           .topics = {{"orders", {0}}},
                           .coordinator_epoch = 5});
  const auto aborted = call(&handle_write_txn_markers, std::move(abort), 1);
  ASSERT_EQ(answered(aborted).markers.at(0).topics.at(0).partitions.at(0).error_code, 0);
  ASSERT_EQ(last_stable(0), 2);
  ASSERT_EQ(end(who, false, kClassicEnd).error_code, 0);

  ASSERT_EQ(add(who, "orders", {0}), KafkaError::kNone);
  ASSERT_EQ(error_of(send(who, 0, 1, kClassicProduce)), KafkaError::kNone);
  EXPECT_EQ(end(who, true, kClassicEnd).error_code, 0);
  EXPECT_EQ(last_stable(0), end_of(0)) << "a record that was committed can be read";
}

TEST_F(TransactionHandlers, StayOpenOverAKill) {
  const Who who = init();
  ASSERT_EQ(error_of(send(who, 0, 0, kAddingProduce)), KafkaError::kNone);
  restart();
  EXPECT_EQ(last_stable(0), 0);
  ASSERT_EQ(error_of(send(who, 0, 1, kAddingProduce)), KafkaError::kNone);
  ASSERT_EQ(error_of(send(who, 1, 0, kAddingProduce)), KafkaError::kNone);
  EXPECT_EQ(end(who, true, kEndWithEpochs).error_code, 0);
  EXPECT_EQ(last_stable(0), 3);
  EXPECT_EQ(last_stable(1), 2);
}

TEST_F(TransactionHandlers, ThatTakeTooLongAreAborted) {
  const Who who = init();
  ASSERT_EQ(error_of(send(who, 0, 0, kAddingProduce)), KafkaError::kNone);
  run_for(Millis{61'000});
  EXPECT_EQ(last_stable(0), 2);
  EXPECT_EQ(end(who, true, kEndWithEpochs).error_code, code_of(KafkaError::kProducerFenced));
}

TEST_F(TransactionHandlers, RefuseIdsAndTimeOutsThatMayNotBe) {
  EXPECT_EQ(init_error("", 60'000), KafkaError::kInvalidRequest);
  EXPECT_EQ(init_error("t", 0), KafkaError::kInvalidTransactionTimeout);
  EXPECT_EQ(init_error("t", 900'001), KafkaError::kInvalidTransactionTimeout);
}

TEST_F(TransactionHandlers, AddNothingWhenOnePartitionMayNotBeAdded) {
  const Who who = init();
  EXPECT_EQ(add(who, "nowhere", {0}), KafkaError::kUnknownTopicOrPartition);
  EXPECT_EQ(add(who, "orders", {0, 7}), KafkaError::kOperationNotAttempted);
  EXPECT_EQ(add(who, "__transaction_state", {0}), KafkaError::kTopicAuthorizationFailed);
  const auto caught =
      call(&handle_describe_transactions, wire::DescribeTransactionsRequest{{"t"}}, 0);
  EXPECT_EQ(answered(caught).transaction_states.at(0).transaction_state, "Empty");
}

TEST_F(TransactionHandlers, TakeThePartitionOfAGroupsOffsetsIn) {
  const Who who = init();
  const auto added = call(&handle_add_offsets_to_txn,
                          wire::AddOffsetsToTxnRequest{"t", who.id, who.epoch, "group"}, 4);
  EXPECT_EQ(answered(added).error_code, 0);
  const auto caught =
      call(&handle_describe_transactions, wire::DescribeTransactionsRequest{{"t"}}, 0);
  const auto& transaction = answered(caught).transaction_states.at(0);
  EXPECT_EQ(transaction.transaction_state, "Ongoing");
  ASSERT_EQ(transaction.topics.size(), 1U);
  EXPECT_EQ(transaction.topics[0].topic, "__consumer_offsets");
}

TEST_F(TransactionHandlers, AreListed) {
  init("a");
  init("b");
  const auto caught = call(&handle_list_transactions, wire::ListTransactionsRequest{}, 1);
  EXPECT_EQ(answered(caught).transaction_states.size(), 2U);
}

TEST_F(TransactionHandlers, AreListedWhereTheWholeIdMatches) {
  for (const char* const id : {"pay-1", "pay-2", "prepay-1"}) init(id);
  const auto list = [&](std::optional<std::string> pattern) {
    wire::ListTransactionsRequest request;
    request.transactional_id_pattern = std::move(pattern);
    return answered(call(&handle_list_transactions, std::move(request), 2));
  };
  const auto ids = [&](std::optional<std::string> pattern) {
    std::vector<std::string> found;
    for (const auto& each : list(std::move(pattern)).transaction_states)
      found.push_back(each.transactional_id);
    return found;
  };
  EXPECT_EQ(ids("pay-.*"), (std::vector<std::string>{"pay-1", "pay-2"}));
  EXPECT_EQ(ids("pay"), std::vector<std::string>());
  EXPECT_EQ(ids("").size(), 3U);
  EXPECT_EQ(ids(std::nullopt).size(), 3U);
  const auto refused = list("pay-(");
  EXPECT_EQ(refused.error_code, code_of(KafkaError::kInvalidRegularExpression));
  EXPECT_TRUE(refused.transaction_states.empty());
}

TEST_F(TransactionHandlers, OfADeletedTopicEnd) {
  const Who who = init();
  ASSERT_EQ(error_of(send(who, 0, 0, kAddingProduce)), KafkaError::kNone);
  ASSERT_TRUE(state().topics.remove("orders").ok());
  EXPECT_EQ(end(who, true, kEndWithEpochs).error_code, 0);
}

}  // namespace
}  // namespace millrace::broker
