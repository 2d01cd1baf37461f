// The gates of topics and the cluster before an authorizer that refuses all, or
// some: what is refused says so as in Kafka, and the rest is answered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <optional>

#include "broker/testing/gate_fixture.h"
#include "wire/error_codes.h"
#include "wire/messages/api_versions.h"
#include "wire/messages/create_partitions.h"
#include "wire/messages/create_topics.h"
#include "wire/messages/delete_records.h"
#include "wire/messages/delete_topics.h"
#include "wire/messages/describe_cluster.h"
#include "wire/messages/metadata.h"

namespace millrace::broker {
namespace {

using testing::IsEmpty;
using wire::KafkaError;
using enum Operation;
using enum ResourceType;

class TopicGates : public GateFixture {};

TEST_F(TopicGates, DeleteRecordsRefusesEachTopicThatMayNotBeDeleted) {
  rules_.allow(kDelete, kTopic, "mine");
  wire::DeleteRecordsRequest request;
  for (const auto* const name : {"mine", "yours", "nothing"}) {
    auto& wanted = request.topics.emplace_back();
    wanted.name = name;
    wanted.partitions.emplace_back();
  }
  const auto response = ask<wire::DeleteRecordsResponse>(request, 2);
  ASSERT_EQ(response.topics.size(), 3U);
  EXPECT_EQ(error(response.topics[0].partitions[0].error_code), KafkaError::kNone);
  for (const std::size_t i : {1U, 2U}) {
    EXPECT_EQ(error(response.topics[i].partitions[0].error_code),
              KafkaError::kTopicAuthorizationFailed);
    EXPECT_EQ(response.topics[i].partitions[0].low_watermark, -1);
  }
}

wire::MetadataRequest metadata_of(std::initializer_list<const char*> names) {
  wire::MetadataRequest request;
  for (const auto* const name : names) request.topics->push_back({{}, name});
  return request;
}

TEST_F(TopicGates, MetadataShowsOnlyWhatMayBeDescribed) {
  rules_.allow(kDescribe, kTopic, "mine");
  wire::MetadataRequest all;
  all.topics.reset();
  const auto shown = ask<wire::MetadataResponse>(all, 12);
  ASSERT_EQ(shown.topics.size(), 1U);
  EXPECT_EQ(shown.topics[0].name, "mine");

  const auto named = ask<wire::MetadataResponse>(metadata_of({"mine", "yours"}), 12);
  ASSERT_EQ(named.topics.size(), 2U);
  EXPECT_EQ(error(named.topics[0].error_code), KafkaError::kNone);
  EXPECT_EQ(error(named.topics[1].error_code), KafkaError::kTopicAuthorizationFailed);
  EXPECT_TRUE(named.topics[1].topic_id.is_zero()) << "says that the topic exists";
  EXPECT_THAT(named.topics[1].partitions, IsEmpty());

  wire::MetadataRequest by_id;
  by_id.topics->push_back({yours_->id, std::nullopt});
  const auto refused = ask<wire::MetadataResponse>(by_id, 12);
  EXPECT_EQ(error(refused.topics.at(0).error_code), KafkaError::kTopicAuthorizationFailed);
  EXPECT_EQ(refused.topics[0].name, std::nullopt);

  EXPECT_THAT(ask<wire::MetadataResponse>(metadata_of({}), 0).topics, testing::SizeIs(1));
  EXPECT_THAT(ask<wire::MetadataResponse>(metadata_of({"yours"}), 0).topics, testing::SizeIs(1));
}

TEST_F(TopicGates, MetadataMakesATopicOnlyForWhoMayCreateIt) {
  rules_.allow(kDescribe, kTopic, "new");
  const auto refused = ask<wire::MetadataResponse>(metadata_of({"new"}), 12);
  EXPECT_EQ(error(refused.topics.at(0).error_code), KafkaError::kTopicAuthorizationFailed);
  EXPECT_EQ(state().topics.table()->find("new"), nullptr);

  rules_.allow(kCreate, kTopic, "new");
  const auto made = ask<wire::MetadataResponse>(metadata_of({"new"}), 12);
  EXPECT_EQ(error(made.topics.at(0).error_code), KafkaError::kNone);
}

TEST_F(TopicGates, MetadataAndDescribeClusterNameTheOperationsThatAreAllowed) {
  rules_.allow(kDescribe, kTopic, "mine");
  rules_.allow(kRead, kTopic, "mine");
  auto request = metadata_of({"mine"});
  request.include_topic_authorized_operations = true;
  request.include_cluster_authorized_operations = true;
  auto response = ask<wire::MetadataResponse>(request, 10);
  EXPECT_EQ(response.topics.at(0).topic_authorized_operations, (1 << 8) | (1 << 3));
  EXPECT_EQ(response.cluster_authorized_operations, 0);
  wire::DescribeClusterRequest cluster;
  EXPECT_EQ(ask<wire::DescribeClusterResponse>(cluster, 1).cluster_authorized_operations,
            INT32_MIN);
  cluster.include_cluster_authorized_operations = true;
  EXPECT_EQ(ask<wire::DescribeClusterResponse>(cluster, 1).cluster_authorized_operations, 0);

  rules_.allow(kDescribe);
  rules_.allow(kCreate);
  response = ask<wire::MetadataResponse>(request, 10);
  EXPECT_EQ(response.cluster_authorized_operations, (1 << 8) | (1 << 5));
  EXPECT_EQ(ask<wire::DescribeClusterResponse>(cluster, 1).cluster_authorized_operations,
            (1 << 8) | (1 << 5));
}

TEST_F(TopicGates, ApiVersionsAsksNobody) {
  const auto response = ask<wire::ApiVersionsResponse>(wire::ApiVersionsRequest{"test", "1"}, 3);
  EXPECT_EQ(error(response.error_code), KafkaError::kNone);
}

wire::CreateTopicsRequest creation_of(std::initializer_list<const char*> names) {
  wire::CreateTopicsRequest request;
  for (const auto* const name : names) {
    auto& topic = request.topics.emplace_back();
    topic.name = name;
    topic.num_partitions = 1;
    topic.replication_factor = 1;
  }
  return request;
}

TEST_F(TopicGates, CreateTopicsRefusesEachTopicThatMayNotBeMade) {
  rules_.allow(kCreate, kTopic, "a");
  const auto response = ask<wire::CreateTopicsResponse>(creation_of({"b", "a"}), 7);

  ASSERT_EQ(response.topics.size(), 2U);
  EXPECT_EQ(error(response.topics[0].error_code), KafkaError::kNone);
  EXPECT_EQ(error(response.topics[0].topic_config_error_code),
            KafkaError::kTopicAuthorizationFailed);
  EXPECT_THAT(*response.topics[0].configs, IsEmpty());
  EXPECT_EQ(response.topics[0].num_partitions, -1);
  EXPECT_EQ(response.topics[1].name, "b");
  EXPECT_EQ(error(response.topics[1].error_code), KafkaError::kTopicAuthorizationFailed);
  ASSERT_TRUE(response.topics[1].configs.has_value());
  EXPECT_THAT(*response.topics[1].configs, IsEmpty());
  EXPECT_EQ(state().topics.table()->find("b"), nullptr);
}

TEST_F(TopicGates, CreateTopicsMakesAnyTopicForWhoMayCreateInTheCluster) {
  rules_.allow(kCreate);
  rules_.allow(kDescribeConfigs, kTopic, "a");
  const auto response = ask<wire::CreateTopicsResponse>(creation_of({"a"}), 7);
  EXPECT_EQ(error(response.topics.at(0).error_code), KafkaError::kNone);
  EXPECT_FALSE(response.topics[0].configs->empty());
  EXPECT_EQ(response.topics[0].num_partitions, 1);
}

TEST_F(TopicGates, DeleteTopicsRefusesEachTopicAndHidesTheNameBehindAnId) {
  rules_.allow(kDelete, kTopic, "mine");
  wire::DeleteTopicsRequest request;
  request.topics = {{"yours", {}}, {std::nullopt, yours_->id}, {"mine", {}}};
  auto response = ask<wire::DeleteTopicsResponse>(request, 6);

  ASSERT_EQ(response.responses.size(), 3U);
  EXPECT_EQ(response.responses[0].name, "mine");
  EXPECT_EQ(error(response.responses[0].error_code), KafkaError::kNone);
  EXPECT_EQ(response.responses[1].name, "yours");
  EXPECT_EQ(error(response.responses[1].error_code), KafkaError::kTopicAuthorizationFailed);
  EXPECT_EQ(response.responses[2].name, std::nullopt);
  for (const std::size_t i : {1U, 2U})
    EXPECT_EQ(response.responses[i].error_message, "not authorized");
  EXPECT_EQ(error(response.responses[2].error_code), KafkaError::kTopicAuthorizationFailed);
  EXPECT_NE(state().topics.table()->find("yours"), nullptr);

  wire::DeleteTopicsRequest old;
  old.topic_names = {"yours"};
  response = ask<wire::DeleteTopicsResponse>(old, 4);
  EXPECT_EQ(error(response.responses.at(0).error_code), KafkaError::kTopicAuthorizationFailed);
  rules_.allow(kDelete);
  response = ask<wire::DeleteTopicsResponse>(old, 4);
  EXPECT_EQ(error(response.responses.at(0).error_code), KafkaError::kNone);
}

TEST_F(TopicGates, CreatePartitionsRefusesEachTopic) {
  rules_.allow(kAlter, kTopic, "mine");
  wire::CreatePartitionsRequest request;
  request.topics = {{"yours", 3, std::nullopt}, {"mine", 3, std::nullopt}};
  const auto response = ask<wire::CreatePartitionsResponse>(request, 3);
  ASSERT_EQ(response.results.size(), 2U);
  EXPECT_EQ(error(response.results[0].error_code), KafkaError::kNone);
  EXPECT_EQ(response.results[1].name, "yours");
  EXPECT_EQ(error(response.results[1].error_code), KafkaError::kTopicAuthorizationFailed);
  EXPECT_EQ(state().topics.table()->find("mine")->partitions.size(), 3U);
  EXPECT_EQ(state().topics.table()->find("yours")->partitions.size(), 1U);
}

}  // namespace
}  // namespace millrace::broker
