// The gates of transactions before an authorizer that refuses all, or some.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "broker/testing/gate_fixture.h"
#include "wire/error_codes.h"
#include "wire/messages/add_offsets_to_txn.h"
#include "wire/messages/add_partitions_to_txn.h"
#include "wire/messages/describe_transactions.h"
#include "wire/messages/end_txn.h"
#include "wire/messages/init_producer_id.h"
#include "wire/messages/list_transactions.h"

namespace millrace::broker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using wire::KafkaError;
using enum Operation;
using enum ResourceType;

class TransactionGates : public GateFixture {
 protected:
  /// A transaction of "t", open on a partition of each topic; its producer.
  wire::InitProducerIdResponse open() {
    rules_.allow(kWrite, kTransactionalId, "t");
    rules_.allow(kWrite, kTopic, mine_->name);
    wire::InitProducerIdRequest init;
    init.transactional_id = "t";
    init.transaction_timeout_ms = 1000;
    const auto producer = ask<wire::InitProducerIdResponse>(init, 5);
    EXPECT_EQ(producer.error_code, 0);
    EXPECT_THAT(add(producer, {mine_->name}), ElementsAre(KafkaError::kNone));
    return producer;
  }
  std::vector<KafkaError> add(const wire::InitProducerIdResponse& producer,
                              const std::vector<std::string>& topics) {
    wire::AddPartitionsToTxnRequest request;
    request.v3_and_below_transactional_id = "t";
    request.v3_and_below_producer_id = producer.producer_id;
    request.v3_and_below_producer_epoch = producer.producer_epoch;
    for (const auto& topic : topics) request.v3_and_below_topics.push_back({topic, {0}});
    std::vector<KafkaError> errors;
    const auto response = ask<wire::AddPartitionsToTxnResponse>(request, 3);
    for (const auto& topic : response.results_by_topic_v3_and_below)
      errors.push_back(error(topic.results_by_partition.at(0).partition_error_code));
    return errors;
  }
};

TEST_F(TransactionGates, InitProducerIdNeedsTheTransactionalId) {
  wire::InitProducerIdRequest request;
  request.transactional_id = "t";
  request.transaction_timeout_ms = 1000;
  const auto refused = ask<wire::InitProducerIdResponse>(request, 5);
  EXPECT_EQ(error(refused.error_code), KafkaError::kTransactionalIdAuthorizationFailed);
  EXPECT_EQ(refused.producer_epoch, -1);
  rules_.allow(kWrite, kTransactionalId, "t");
  EXPECT_EQ(error(ask<wire::InitProducerIdResponse>(request, 5).error_code), KafkaError::kNone);
}

TEST_F(TransactionGates, AddPartitionsNeedsTheIdAndEveryTopicOrAddsNone) {
  const std::vector<std::string> both{mine_->name, yours_->name};
  EXPECT_THAT(add({}, both), ElementsAre(KafkaError::kTransactionalIdAuthorizationFailed,
                                         KafkaError::kTransactionalIdAuthorizationFailed));
  const auto producer = open();
  EXPECT_THAT(add(producer, both), ElementsAre(KafkaError::kOperationNotAttempted,
                                               KafkaError::kTopicAuthorizationFailed));
  rules_.allow(kWrite, kTopic, yours_->name);
  EXPECT_THAT(add(producer, both), ElementsAre(KafkaError::kNone, KafkaError::kNone));
}

TEST_F(TransactionGates, AddPartitionsOfManyTransactionsIsForBrokers) {
  const wire::AddPartitionsToTxnRequest request;
  EXPECT_EQ(error(ask<wire::AddPartitionsToTxnResponse>(request, 5).error_code),
            KafkaError::kClusterAuthorizationFailed);
  rules_.allow(kClusterAction);
  EXPECT_EQ(error(ask<wire::AddPartitionsToTxnResponse>(request, 5).error_code), KafkaError::kNone);
}

TEST_F(TransactionGates, AddOffsetsNeedsTheIdAndTheGroup) {
  wire::AddOffsetsToTxnRequest request;
  request.transactional_id = "t";
  request.group_id = "g";
  const auto answer = [&] {
    return error(ask<wire::AddOffsetsToTxnResponse>(request, 4).error_code);
  };
  EXPECT_EQ(answer(), KafkaError::kTransactionalIdAuthorizationFailed);
  rules_.allow(kWrite, kTransactionalId, "t");
  EXPECT_EQ(answer(), KafkaError::kGroupAuthorizationFailed);
  rules_.allow(kRead, kGroup, "g");
  EXPECT_EQ(answer(), KafkaError::kInvalidProducerIdMapping) << "let through, and not known";
}

TEST_F(TransactionGates, EndTxnNeedsTheId) {
  wire::EndTxnRequest request;
  request.transactional_id = "t";
  EXPECT_EQ(error(ask<wire::EndTxnResponse>(request, 5).error_code),
            KafkaError::kTransactionalIdAuthorizationFailed);
  rules_.allow(kWrite, kTransactionalId, "t");
  EXPECT_EQ(error(ask<wire::EndTxnResponse>(request, 5).error_code),
            KafkaError::kInvalidProducerIdMapping);
}

TEST_F(TransactionGates, DescribeTransactionsNeedsEachIdAndShowsTopicsThatMayBeSeen) {
  open();
  wire::DescribeTransactionsRequest request;
  request.transactional_ids = {"t"};
  const auto describe = [&] {
    return ask<wire::DescribeTransactionsResponse>(request, 0).transaction_states.at(0);
  };
  EXPECT_EQ(error(describe().error_code), KafkaError::kTransactionalIdAuthorizationFailed);
  EXPECT_EQ(describe().transactional_id, "t");
  rules_.allow(kDescribe, kTransactionalId, "t");
  EXPECT_EQ(describe().transaction_state, "Ongoing");
  EXPECT_THAT(describe().topics, IsEmpty());
  rules_.allow(kDescribe, kTopic, mine_->name);
  EXPECT_EQ(describe().topics.at(0).topic, mine_->name);
}

TEST_F(TransactionGates, ListTransactionsShowsIdsThatMayBeDescribed) {
  open();
  const auto list = [&] {
    return ask<wire::ListTransactionsResponse>(wire::ListTransactionsRequest{}, 1)
        .transaction_states;
  };
  EXPECT_THAT(list(), IsEmpty());
  rules_.allow(kDescribe, kTransactionalId, "t");
  EXPECT_EQ(list().at(0).transactional_id, "t");
}

}  // namespace
}  // namespace millrace::broker
