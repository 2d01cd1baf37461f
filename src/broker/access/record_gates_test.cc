// The gates of APIs that read and write records before an authorizer that refuses all, or some.
#include <gtest/gtest.h>

#include "broker/testing/gate_fixture.h"
#include "wire/error_codes.h"
#include "wire/messages/fetch.h"
#include "wire/messages/init_producer_id.h"
#include "wire/messages/list_offsets.h"
#include "wire/messages/offset_for_leader_epoch.h"
#include "wire/messages/produce.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;
using enum Operation;
using enum ResourceType;

class RecordGates : public GateFixture {};

TEST_F(RecordGates, ProduceRefusesEachTopicThatMayNotBeWritten) {
  rules_.allow(kWrite, kTopic, "mine");
  for (const auto version : {std::int16_t{9}, std::int16_t{13}}) {
    const auto response = ask<wire::ProduceResponse>(produce_request(1), version);

    ASSERT_EQ(response.responses.size(), 2U);
    const auto& refused = response.responses[1].partition_responses.at(0);
    EXPECT_EQ(error(response.responses[0].partition_responses.at(0).error_code), KafkaError::kNone);
    EXPECT_EQ(error(refused.error_code), KafkaError::kTopicAuthorizationFailed);
    EXPECT_EQ(refused.base_offset, -1);
  }
  EXPECT_EQ(end_of(*mine_), Offset{2});
  EXPECT_EQ(end_of(*yours_), Offset{0});
}

TEST_F(RecordGates, ProduceClosesTheConnectionOfWhoExpectsNoReplyAndIsRefused) {
  rules_.allow(kWrite, kTopic, "mine");
  const auto delivery = deliver(encoded(produce_request(0), 9));
  ASSERT_TRUE(delivery.has_value());
  EXPECT_TRUE(std::holds_alternative<CloseConnection>(*delivery));
}

TEST_F(RecordGates, ProduceRefusesAllOfAStrangersTransaction) {
  rules_.allow(kWrite, kTopic, "mine");
  rules_.allow(kWrite, kTransactionalId, "other");
  auto request = produce_request(1);
  batch_ = batch_of({"value"}, {.producer_id = ProducerId{7},
                                .producer_epoch = ProducerEpoch{0},
                                .base_sequence = 0,
                                .is_transactional = true});
  request.topic_data[1].partition_data[0].records = wire::Records(batch_.view());
  const auto plain = batch_of({"value"});
  request.topic_data[0].partition_data[0].records = wire::Records(plain.view());
  for (const std::optional<std::string>& id : {std::optional<std::string>("t"), {}}) {
    request.transactional_id = id;
    const auto response = ask<wire::ProduceResponse>(request, 9);
    ASSERT_EQ(response.responses.size(), 2U);
    for (const auto& topic : response.responses)
      EXPECT_EQ(error(topic.partition_responses.at(0).error_code),
                KafkaError::kTransactionalIdAuthorizationFailed);
  }
  EXPECT_EQ(end_of(*mine_), Offset{0});
}

TEST_F(RecordGates, ProduceAsksForATransactionalIdOnlyWhereABatchIsTransactional) {
  rules_.allow(kWrite, kTopic, "mine");
  auto request = produce_request(1);
  request.transactional_id = "t";
  const auto response = ask<wire::ProduceResponse>(request, 9);
  ASSERT_EQ(response.responses.size(), 2U);
  EXPECT_EQ(error(response.responses[0].partition_responses.at(0).error_code), KafkaError::kNone);
  EXPECT_EQ(error(response.responses[1].partition_responses.at(0).error_code),
            KafkaError::kTopicAuthorizationFailed);
}

TEST_F(RecordGates, FetchRefusesEachTopicThatMayNotBeRead) {
  rules_.allow(kRead, kTopic, "mine");
  ASSERT_TRUE(append("mine", 0, batch_of({"a"})).ok());
  wire::FetchRequest request;
  for (const auto& topic : {yours_, mine_}) {
    auto& wanted = request.topics.emplace_back();
    wanted.topic = topic->name;
    wanted.topic_id = topic->id;
    wanted.partitions.emplace_back().partition_max_bytes = 1000;
  }
  for (const auto version : {std::int16_t{12}, std::int16_t{13}}) {
    const auto response = ask<wire::FetchResponse>(request, version);

    ASSERT_EQ(response.responses.size(), 2U);
    EXPECT_FALSE(response.responses[0].partitions.at(0).records.empty());
    const auto& refused = response.responses[1].partitions.at(0);
    EXPECT_EQ(error(refused.error_code), KafkaError::kTopicAuthorizationFailed);
    EXPECT_TRUE(refused.records.empty());
    ASSERT_TRUE(refused.aborted_transactions.has_value());
    EXPECT_TRUE(refused.aborted_transactions->empty());
    EXPECT_EQ(response.responses[1].topic_id, version >= 13 ? yours_->id : Uuid{});
  }
}

TEST_F(RecordGates, AnIdThatNobodyKnowsIsUnknownAndNotRefused) {
  wire::FetchRequest request;
  auto& wanted = request.topics.emplace_back();
  wanted.topic_id.bytes[3] = 9;
  wanted.partitions.emplace_back();
  const auto response = ask<wire::FetchResponse>(request, 13);
  EXPECT_EQ(error(response.responses.at(0).partitions.at(0).error_code),
            KafkaError::kUnknownTopicId);
}

TEST_F(RecordGates, ListOffsetsRefusesEachTopicThatMayNotBeDescribed) {
  rules_.allow(kDescribe, kTopic, "mine");
  wire::ListOffsetsRequest request;
  for (const auto* const name : {"mine", "yours", "nothing"}) {
    auto& wanted = request.topics.emplace_back();
    wanted.name = name;
    wanted.partitions.emplace_back().timestamp = -1;
  }
  const auto response = ask<wire::ListOffsetsResponse>(request, 7);
  ASSERT_EQ(response.topics.size(), 3U);
  EXPECT_EQ(error(response.topics[0].partitions[0].error_code), KafkaError::kNone);
  for (const std::size_t i : {1U, 2U})
    EXPECT_EQ(error(response.topics[i].partitions[0].error_code),
              KafkaError::kTopicAuthorizationFailed);
}

TEST_F(RecordGates, OffsetForLeaderEpochRefusesEachTopicThatMayNotBeDescribed) {
  rules_.allow(kDescribe, kTopic, "mine");
  wire::OffsetForLeaderEpochRequest request;
  for (const auto* const name : {"mine", "yours"}) {
    auto& wanted = request.topics.emplace_back();
    wanted.topic = name;
    wanted.partitions.emplace_back();
  }
  const auto response = ask<wire::OffsetForLeaderEpochResponse>(request, 4);
  ASSERT_EQ(response.topics.size(), 2U);
  EXPECT_EQ(error(response.topics[0].partitions[0].error_code), KafkaError::kNone);
  EXPECT_EQ(error(response.topics[1].partitions[0].error_code),
            KafkaError::kTopicAuthorizationFailed);
}

TEST_F(RecordGates, InitProducerIdIsForWhoMayWriteSomewhere) {
  wire::InitProducerIdRequest request;
  request.transactional_id.reset();
  const auto error_now = [&] {
    return error(ask<wire::InitProducerIdResponse>(request, 4).error_code);
  };
  EXPECT_EQ(error_now(), KafkaError::kClusterAuthorizationFailed);
  rules_.allow(kWrite, kTopic, "anything");
  EXPECT_EQ(error_now(), KafkaError::kNone);
}

}  // namespace
}  // namespace millrace::broker
