// ApiVersions, InitProducerId, DescribeConfigs, DescribeCluster.
#include <gtest/gtest.h>

#include <algorithm>

#include "broker/properties.h"
#include "broker/testing/core_fixture.h"
#include "broker/transactions/transaction_handlers.h"
#include "wire/error_codes.h"
#include "wire/messages/api_versions.h"
#include "wire/messages/describe_cluster.h"
#include "wire/messages/describe_configs.h"
#include "wire/messages/init_producer_id.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;

KafkaError error(std::int16_t code) {
  return static_cast<KafkaError>(code);
}

class ClusterHandlers : public CoreFixture {
 protected:
  wire::ApiVersionsResponse versions(std::string name, std::string version,
                                     std::int16_t api_version) {
    return call(&handle_api_versions, wire::ApiVersionsRequest{std::move(name), std::move(version)},
                api_version);
  }
  wire::DescribeConfigsResponse::DescribeConfigsResult describe(
      std::int8_t type, std::string name, std::vector<std::string> keys = {}) {
    wire::DescribeConfigsRequest request;
    request.include_synonyms = true;
    request.include_documentation = true;
    auto& resource = request.resources.emplace_back();
    resource.resource_type = type;
    resource.resource_name = std::move(name);
    if (keys.empty())
      resource.configuration_keys.reset();
    else
      resource.configuration_keys = std::move(keys);
    return call(&handle_describe_configs, std::move(request), 4).results.at(0);
  }
};

TEST_F(ClusterHandlers, ApiVersionsAdvertisesProduceFromZeroOn) {
  const auto response = versions("kcat", "1.7.0", 3);
  EXPECT_EQ(response.error_code, 0);
  const auto produce = std::find_if(response.api_keys.begin(), response.api_keys.end(),
                                    [](const auto& api) { return api.api_key == 0; });
  ASSERT_NE(produce, response.api_keys.end());
  EXPECT_EQ(produce->min_version, 0);
  EXPECT_EQ(produce->max_version, 13);
}

TEST_F(ClusterHandlers, ApiVersionsNamesTheFeaturesThatClientsGoBy) {
  const auto response = versions("kcat", "1.7.0", 4);
  ASSERT_EQ(response.finalized_features.size(), 2U);
  EXPECT_EQ(response.finalized_features[0].name, "group.version");
  EXPECT_EQ(response.finalized_features[0].max_version_level, 1);
  EXPECT_EQ(response.finalized_features[1].name, "transaction.version");
  EXPECT_EQ(response.finalized_features[1].max_version_level, 2);
  ASSERT_EQ(response.supported_features.size(), 2U);
  EXPECT_EQ(response.supported_features[0].min_version, 0);
  EXPECT_EQ(response.supported_features[0].max_version, 1);
  EXPECT_EQ(response.supported_features[1].min_version, 0);
  EXPECT_EQ(response.supported_features[1].max_version, 2);
  EXPECT_GE(response.finalized_features_epoch, 0);
  // A level of 0 breaks clients that know nothing newer than version 3.
  EXPECT_TRUE(versions("kcat", "1.7.0", 3).supported_features.empty());
  EXPECT_EQ(versions("kcat", "1.7.0", 3).finalized_features.size(), 2U);
}

TEST_F(ClusterHandlers, ApiVersionsChecksTheNameOfTheSoftware) {
  struct Case {
    std::string name, version;
    std::int16_t api_version;
    KafkaError error;
  };
  const std::vector<Case> cases{
      {"apache-kafka-java", "4.1.1", 3, KafkaError::kNone},
      {"x", "1", 4, KafkaError::kNone},
      {"", "1", 3, KafkaError::kInvalidRequest},
      {"-x", "1", 3, KafkaError::kInvalidRequest},
      {"x.", "1", 3, KafkaError::kInvalidRequest},
      {"x", "1 2", 3, KafkaError::kInvalidRequest},
      {"", "", 0, KafkaError::kNone},
  };
  for (const auto& each : cases)
    EXPECT_EQ(error(versions(each.name, each.version, each.api_version).error_code), each.error)
        << each.name << "/" << each.version;
}

TEST_F(ClusterHandlers, ProducerIdsNeverRepeat) {
  const auto next = [&] {
    const auto caught = call(&handle_init_producer_id,
                             wire::InitProducerIdRequest{std::nullopt, 0, -1, -1, false, false}, 4);
    const auto& response = caught->response();
    EXPECT_EQ(response.error_code, 0);
    EXPECT_EQ(response.producer_epoch, 0);
    return response.producer_id;
  };
  const auto first = next();
  const auto second = next();
  EXPECT_GT(second, first);
  restart_after_kill();
  const auto third = next();
  EXPECT_GT(third, second);
  restart_cleanly();
  EXPECT_GT(next(), third);
}

TEST_F(ClusterHandlers, AProducerIdIsTakenWithoutTheDisk) {
  ProducerIds& ids = state().producer_ids;
  const auto fill = [&] {
    ids.refill();
    const auto calls = env().disk().call_count();
    ids.refill();
    EXPECT_EQ(env().disk().call_count(), calls) << "enough are left";
    return calls;
  };
  // Twice, so that it is seen in the middle of a block and at its end.
  for (int round = 0; round < 2; ++round) {
    const auto calls = fill();
    for (int i = 0; i < 600; ++i) ASSERT_TRUE(ids.next().ok());
    EXPECT_EQ(env().disk().call_count(), calls);
  }
}

TEST_F(ClusterHandlers, ProducerIdsEndWhereTheDiskRefusesAndGoOnWhenItTakesThem) {
  ProducerIds& ids = state().producer_ids;
  ids.refill();
  env().disk().fail_from(1, sim::Fault::kDiskFull);
  ProducerId last = ids.next().value();
  for (;;) {
    ids.refill();
    const auto id = ids.next();
    if (!id.ok()) {
      EXPECT_EQ(wire::kafka_error_of(id.error()), KafkaError::kCoordinatorNotAvailable);
      break;
    }
    ASSERT_EQ(id->value(), last.value() + 1);
    last = *id;
  }
  env().disk().clear_fault();
  ids.refill();
  ASSERT_TRUE(ids.next().ok());
}

TEST_F(ClusterHandlers, DescribeConfigsListsEveryPropertyOfATopic) {
  make_topic("orders", 1, {{"retention.ms", "5"}});
  const auto all = describe(2, "orders");
  EXPECT_EQ(error(all.error_code), KafkaError::kNone);
  EXPECT_EQ(all.configs.size(), topic_properties().size());

  const auto one = describe(2, "orders", {"retention.ms"});
  ASSERT_EQ(one.configs.size(), 1U);
  EXPECT_EQ(one.configs[0].value, "5");
  EXPECT_EQ(one.configs[0].config_source, 1);
  EXPECT_EQ(one.configs[0].config_type, 5);
  EXPECT_EQ(one.configs[0].synonyms.size(), 2U);
  EXPECT_TRUE(one.configs[0].documentation.has_value());
}

TEST_F(ClusterHandlers, DescribeConfigsKnowsTheBroker) {
  const auto broker = describe(4, "1");
  const auto find = [&](std::string_view name) {
    return std::find_if(broker.configs.begin(), broker.configs.end(),
                        [&](const auto& config) { return config.name == name; });
  };
  ASSERT_NE(find("num.partitions"), broker.configs.end());
  EXPECT_EQ(find("num.partitions")->value, "1");
  EXPECT_EQ(find("listeners")->value, "PLAINTEXT://127.0.0.1:9092");
  EXPECT_NE(find("log.retention.ms"), broker.configs.end());
  EXPECT_TRUE(describe(4, "").configs.empty());
}

TEST_F(ClusterHandlers, DescribeConfigsRefusesWhatIsNotThere) {
  EXPECT_EQ(error(describe(2, "nothing").error_code), KafkaError::kUnknownTopicOrPartition);
  EXPECT_EQ(error(describe(2, "a b").error_code), KafkaError::kInvalidTopicException);
  EXPECT_EQ(error(describe(4, "2").error_code), KafkaError::kInvalidRequest);
  EXPECT_EQ(error(describe(99, "x").error_code), KafkaError::kInvalidRequest);
}

TEST_F(ClusterHandlers, DescribeClusterShowsTheOneBroker) {
  const auto response = call(&handle_describe_cluster, wire::DescribeClusterRequest{}, 1);
  EXPECT_EQ(response.cluster_id, state().cluster_id.to_base64());
  ASSERT_EQ(response.brokers.size(), 1U);
  EXPECT_EQ(response.brokers[0].port, 9092);

  wire::DescribeClusterRequest controllers;
  controllers.endpoint_type = 2;
  EXPECT_EQ(error(call(&handle_describe_cluster, std::move(controllers), 1).error_code),
            KafkaError::kMismatchedEndpointType);
}

}  // namespace
}  // namespace millrace::broker
