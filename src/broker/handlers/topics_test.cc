// Metadata, CreateTopics, DeleteTopics: the handlers by which topics come, show and go.
#include <gtest/gtest.h>

#include "broker/properties.h"
#include "broker/testing/core_fixture.h"
#include "wire/error_codes.h"
#include "wire/messages/create_topics.h"
#include "wire/messages/delete_topics.h"
#include "wire/messages/metadata.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;
using wire::MetadataRequest;

KafkaError error(std::int16_t code) {
  return static_cast<KafkaError>(code);
}

class TopicHandlers : public CoreFixture {
 protected:
  wire::MetadataResponse metadata(std::vector<std::string> names, std::int16_t version = 12,
                                  bool may_create = true) {
    MetadataRequest request;
    for (auto& name : names) request.topics->push_back({{}, std::move(name)});
    request.allow_auto_topic_creation = may_create;
    return call(&handle_metadata, std::move(request), version);
  }
  wire::CreateTopicsResponse create(std::vector<std::string> names, bool validate_only = false) {
    wire::CreateTopicsRequest request;
    request.validate_only = validate_only;
    for (auto& name : names) {
      auto& topic = request.topics.emplace_back();
      topic.name = std::move(name);
      topic.num_partitions = 2;
      topic.replication_factor = 1;
    }
    return call(&handle_create_topics, std::move(request), 7);
  }
};

TEST_F(TopicHandlers, MetadataMakesATopicThatIsAskedFor) {
  const auto response = metadata({"orders"});

  ASSERT_EQ(response.topics.size(), 1U);
  EXPECT_EQ(error(response.topics[0].error_code), KafkaError::kNone);
  EXPECT_EQ(response.topics[0].name, "orders");
  EXPECT_FALSE(response.topics[0].topic_id.is_zero());
  ASSERT_EQ(response.topics[0].partitions.size(), 1U);
  EXPECT_EQ(response.topics[0].partitions[0].leader_id, 1);
  EXPECT_EQ(response.topics[0].partitions[0].leader_epoch, 0);
  EXPECT_EQ(response.topics[0].partitions[0].isr_nodes, (std::vector<std::int32_t>{1}));
}

TEST_F(TopicHandlers, MetadataNamesTheBrokerByTheAddressThatTheClientReached) {
  const auto response = metadata({});
  ASSERT_EQ(response.brokers.size(), 1U);
  EXPECT_EQ(response.brokers[0].host, "127.0.0.1");
  EXPECT_EQ(response.brokers[0].port, 9092);
  EXPECT_EQ(response.controller_id, 1);
  EXPECT_EQ(response.cluster_id, state().cluster_id.to_base64());
  EXPECT_TRUE(response.topics.empty());
}

TEST_F(TopicHandlers, MetadataMakesNothingWhenItMayNot) {
  EXPECT_EQ(error(metadata({"orders"}, 12, false).topics[0].error_code),
            KafkaError::kUnknownTopicOrPartition);
  EXPECT_EQ(error(metadata({"a b"}).topics[0].error_code), KafkaError::kInvalidTopicException);
  EXPECT_TRUE(state().topics.table()->by_name().empty());
}

TEST_F(TopicHandlers, MetadataRefusesANameThatCollides) {
  make_topic("a.b");
  EXPECT_EQ(error(metadata({"a_b"}).topics[0].error_code), KafkaError::kInvalidTopicException);
}

TEST_F(TopicHandlers, MetadataTakesNullAndInVersionZeroEmptyAsAll) {
  make_topic("a");
  make_topic("b");
  MetadataRequest all;
  all.topics.reset();
  EXPECT_EQ(call(&handle_metadata, std::move(all), 12).topics.size(), 2U);
  EXPECT_EQ(metadata({}, 0).topics.size(), 2U);
  EXPECT_EQ(metadata({}, 1).topics.size(), 0U);
}

TEST_F(TopicHandlers, MetadataFindsTopicsByIdFromVersion12On) {
  const auto topic = make_topic("orders");
  const auto by_id = [&](Uuid id, std::int16_t version) {
    MetadataRequest request;
    request.topics->push_back({id, std::nullopt});
    return call(&handle_metadata, std::move(request), version).topics.at(0);
  };
  EXPECT_EQ(by_id(topic->id, 12).name, "orders");
  Uuid unknown;
  unknown.bytes[3] = 1;
  EXPECT_EQ(error(by_id(unknown, 12).error_code), KafkaError::kUnknownTopicId);
  EXPECT_EQ(error(by_id(topic->id, 10).error_code), KafkaError::kInvalidRequest);
}

TEST_F(TopicHandlers, MetadataShowsOperationsOnlyWhenAsked) {
  make_topic("orders");
  EXPECT_EQ(metadata({"orders"}).topics[0].topic_authorized_operations, INT32_MIN);
  MetadataRequest request;
  request.topics->push_back({{}, "orders"});
  request.include_topic_authorized_operations = true;
  EXPECT_EQ(call(&handle_metadata, std::move(request), 12).topics[0].topic_authorized_operations,
            3576);
}

TEST_F(TopicHandlers, CreateAnswersForEachTopic) {
  make_topic("there");

  const auto response = create({"new", "there", "twice", "b.c", "b_c", "twice", "a b"});

  std::map<std::string, KafkaError> outcomes;
  for (const auto& topic : response.topics) outcomes[topic.name] = error(topic.error_code);
  EXPECT_EQ(response.topics.size(), 6U);
  EXPECT_EQ(outcomes["new"], KafkaError::kNone);
  EXPECT_EQ(outcomes["there"], KafkaError::kTopicAlreadyExists);
  for (const auto& topic : response.topics)
    EXPECT_NE(topic.error_message.value_or("").substr(0, 6), "TOPIC_") << topic.name;
  EXPECT_EQ(outcomes["twice"], KafkaError::kInvalidRequest);
  EXPECT_EQ(outcomes["b.c"], KafkaError::kNone);
  EXPECT_EQ(outcomes["b_c"], KafkaError::kInvalidTopicException);
  EXPECT_EQ(outcomes["a b"], KafkaError::kInvalidTopicException);
  EXPECT_NE(state().topics.table()->find_partition("new", 1), nullptr);
}

TEST_F(TopicHandlers, CreateShowsWhatTheTopicBecame) {
  const auto topic = create({"new"}).topics.at(0);
  EXPECT_EQ(topic.num_partitions, 2);
  EXPECT_EQ(topic.replication_factor, 1);
  EXPECT_EQ(topic.topic_id, state().topics.table()->find("new")->id);
  EXPECT_EQ(topic.configs->size(), topic_properties().size());
  EXPECT_EQ(topic.error_message, std::nullopt);
}

TEST_F(TopicHandlers, ValidateOnlyChangesNothing) {
  make_topic("a.b");
  const auto response = create({"new", "a_b"}, true);
  EXPECT_EQ(error(response.topics[0].error_code), KafkaError::kNone);
  EXPECT_EQ(error(response.topics[1].error_code), KafkaError::kInvalidTopicException);
  EXPECT_EQ(state().topics.table()->by_name().size(), 1U);
}

TEST_F(TopicHandlers, DeleteTakesNamesAndIds) {
  const auto first = make_topic("first");
  const auto second = make_topic("second");
  wire::DeleteTopicsRequest request;
  Uuid unknown;
  unknown.bytes[0] = 9;
  request.topics = {{"first", {}},
                    {std::nullopt, second->id},
                    {"third", {}},
                    {std::nullopt, unknown},
                    {"first", second->id}};

  const auto response = call(&handle_delete_topics, std::move(request), 6);

  std::vector<KafkaError> outcomes;
  for (const auto& topic : response.responses) outcomes.push_back(error(topic.error_code));
  EXPECT_EQ(outcomes,
            (std::vector{KafkaError::kNone, KafkaError::kNone, KafkaError::kUnknownTopicOrPartition,
                         KafkaError::kUnknownTopicId, KafkaError::kInvalidRequest}));
  EXPECT_EQ(response.responses[1].name, "second");
  EXPECT_TRUE(state().topics.table()->by_name().empty());
  EXPECT_FALSE(env().files().exists("/data/first-0").value());
}

TEST_F(TopicHandlers, DeleteTakesPlainNamesBeforeVersion6) {
  make_topic("old");
  wire::DeleteTopicsRequest request;
  request.topic_names = {"old"};
  EXPECT_EQ(call(&handle_delete_topics, std::move(request), 5).responses.at(0).error_code, 0);
  EXPECT_TRUE(state().topics.table()->by_name().empty());
}

TEST_F(TopicHandlers, ATopicMadeAgainHasANewIdAndNoRecords) {
  const auto before = make_topic("orders");
  ASSERT_TRUE(append("orders", 0, batch_of({"a"})).ok());
  ASSERT_TRUE(state().topics.remove("orders").ok());

  const auto after = make_topic("orders");

  EXPECT_NE(after->id, before->id);
  EXPECT_EQ(after->partition(0)->high_watermark(), Offset{0});
}

}  // namespace
}  // namespace millrace::broker
