#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/testing/gate_fixture.h"
#include "broker/topics/settings_catalogue.h"
#include "wire/messages/alter_client_quotas.h"
#include "wire/messages/alter_configs.h"
#include "wire/messages/describe_client_quotas.h"
#include "wire/messages/describe_configs.h"
#include "wire/messages/incremental_alter_configs.h"
#include "wire/messages/list_config_resources.h"
#include "wire/messages/update_features.h"

namespace millrace::broker {
namespace {

using testing::IsEmpty;
using wire::KafkaError;
using enum Operation;
using enum ResourceType;

class ConfigGates : public GateFixture {};

TEST_F(ConfigGates, DescribeConfigsRefusesEachResource) {
  rules_.allow(kDescribeConfigs, kTopic, "mine");
  wire::DescribeConfigsRequest request;
  request.resources = {{2, "yours", std::nullopt}, {2, "mine", std::nullopt},
                       {4, "1", std::nullopt},     {8, "1", std::nullopt},
                       {16, "c", std::nullopt},    {32, "g", std::nullopt}};
  const auto response = ask<wire::DescribeConfigsResponse>(request, 4);
  ASSERT_EQ(response.results.size(), 6U);
  EXPECT_EQ(error(response.results[0].error_code), KafkaError::kNone);
  EXPECT_FALSE(response.results[0].configs.empty());
  EXPECT_EQ(error(response.results[1].error_code), KafkaError::kTopicAuthorizationFailed);
  EXPECT_THAT(response.results[1].configs, IsEmpty());
  for (const std::size_t i : {2U, 3U, 4U})
    EXPECT_EQ(error(response.results[i].error_code), KafkaError::kClusterAuthorizationFailed);
  EXPECT_EQ(error(response.results[5].error_code), KafkaError::kGroupAuthorizationFailed);
}

TEST_F(ConfigGates, AlterConfigsRefuseEachResource) {
  rules_.allow(kAlterConfigs, kTopic, "mine");
  wire::IncrementalAlterConfigsRequest request;
  for (const auto& [type, name] : std::vector<std::pair<std::int8_t, std::string>>{
           {2, "yours"}, {2, "mine"}, {4, "1"}, {8, "1"}, {16, "c"}, {32, "g"}})
    request.resources.push_back({type, name, {{"retention.ms", 0, "5"}}});
  const auto check = [&](const auto& answers) {
    ASSERT_EQ(answers.size(), 6U);
    EXPECT_EQ(error(answers[0].error_code), KafkaError::kNone);
    EXPECT_EQ(error(answers[1].error_code), KafkaError::kTopicAuthorizationFailed);
    for (const std::size_t i : {2U, 3U, 4U})
      EXPECT_EQ(error(answers[i].error_code), KafkaError::kClusterAuthorizationFailed);
    EXPECT_EQ(error(answers[5].error_code), KafkaError::kGroupAuthorizationFailed);
  };
  check(ask<wire::IncrementalAlterConfigsResponse>(request, 1).responses);
  EXPECT_TRUE(state().topics.table()->find("yours")->configs.empty());

  wire::AlterConfigsRequest all;
  for (const auto& resource : request.resources)
    all.resources.push_back({resource.resource_type,
                             resource.resource_name,
                             {{resource.configs[0].name, resource.configs[0].value}}});
  check(ask<wire::AlterConfigsResponse>(all, 2).responses);
  EXPECT_TRUE(state().topics.table()->find("yours")->configs.empty());
}

TEST_F(ConfigGates, QuotasAreForWhoMaySeeAndChangeTheCluster) {
  wire::AlterClientQuotasRequest alteration;
  alteration.entries.push_back({{{"user", "alice"}}, {{"producer_byte_rate", 5, false}}});
  auto altered = ask<wire::AlterClientQuotasResponse>(alteration, 1);
  ASSERT_EQ(altered.entries.size(), 1U);
  EXPECT_EQ(error(altered.entries[0].error_code), KafkaError::kClusterAuthorizationFailed);
  EXPECT_EQ(altered.entries[0].entity, alteration.entries[0].entity);
  EXPECT_TRUE(state().settings.settings()->set.quotas.empty());
  EXPECT_EQ(error(ask<wire::DescribeClientQuotasResponse>(wire::DescribeClientQuotasRequest{}, 1)
                      .error_code),
            KafkaError::kClusterAuthorizationFailed);

  rules_.allow(kAlterConfigs);
  rules_.allow(kDescribeConfigs);
  altered = ask<wire::AlterClientQuotasResponse>(alteration, 1);
  EXPECT_EQ(error(altered.entries.at(0).error_code), KafkaError::kNone);
  const auto described =
      ask<wire::DescribeClientQuotasResponse>(wire::DescribeClientQuotasRequest{}, 1);
  EXPECT_EQ(described.entries->size(), 1U);
}

TEST_F(ConfigGates, FeaturesAndTheListOfResourcesAskForTheCluster) {
  wire::UpdateFeaturesRequest downgrade;
  downgrade.feature_updates.push_back({"transaction.version", 1, false, 2});
  EXPECT_EQ(error(ask<wire::UpdateFeaturesResponse>(downgrade, 2).error_code),
            KafkaError::kClusterAuthorizationFailed);
  EXPECT_TRUE(state().settings.settings()->set.features.empty());
  EXPECT_EQ(
      error(
          ask<wire::ListConfigResourcesResponse>(wire::ListConfigResourcesRequest{}, 1).error_code),
      KafkaError::kClusterAuthorizationFailed);

  rules_.allow(kAlter);
  rules_.allow(kDescribeConfigs);
  EXPECT_EQ(error(ask<wire::UpdateFeaturesResponse>(downgrade, 2).error_code), KafkaError::kNone);
  EXPECT_EQ(
      error(
          ask<wire::ListConfigResourcesResponse>(wire::ListConfigResourcesRequest{}, 1).error_code),
      KafkaError::kNone);
}

}  // namespace
}  // namespace millrace::broker
