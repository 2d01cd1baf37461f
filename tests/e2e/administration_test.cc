// What Admin changes while the cluster runs, and sees of it afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "tests/e2e/embedded_cluster.h"
#include "wire/error_codes.h"

namespace millrace::e2e {
namespace {

using client::Admin;
using client::ConfigChange;
using client::ConfigDetail;
using client::ConfigEntry;
using client::ConfigResource;
using client::ConfigSource;
using testing::Contains;
using wire::KafkaError;
using Kind = client::ConfigResourceKind;
using Operation = client::ConfigChange::Operation;

class Administration : public testing::Test {
 protected:
  Administration() {
    cluster_.create_topic("t", 1);
    auto made = Admin::create(cluster_.properties(), &cluster_.env());
    EXPECT_TRUE(made.ok());
    admin_.emplace(std::move(made).value());
  }
  ConfigEntry shown(const ConfigResource& resource, const std::string& name) {
    const auto outcomes = admin_->describe_configs({resource}, ConfigDetail::kAll);
    EXPECT_TRUE(outcomes.ok()) << outcomes.error().to_string();
    const auto& entries = *outcomes->at(resource);
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const auto& each) { return each.name == name; });
    EXPECT_NE(found, entries.end()) << name;
    return *found;
  }
  template <class Value>
  static KafkaError error_of(const Result<Value>& outcome) {
    return outcome.ok() ? KafkaError::kNone : wire::kafka_error_of(outcome.error());
  }

  EmbeddedCluster cluster_;
  std::optional<Admin> admin_;
};

TEST_F(Administration, ChangesPropertiesOfTopicsAndBrokersInOneCall) {
  const ConfigResource topic{Kind::kTopic, "t"};
  const ConfigResource absent{Kind::kTopic, "absent"};
  const ConfigResource broker{Kind::kBroker, "1"};
  const ConfigResource brokers{Kind::kBroker, ""};

  const auto outcomes = admin_->incremental_alter_configs(
      {{topic, {{"cleanup.policy", Operation::kAppend, "compact"}}},
       {absent, {{"retention.ms", Operation::kSet, "5"}}},
       {broker, {{"log.retention.ms", Operation::kSet, "6"}}},
       {brokers, {{"log.retention.ms", Operation::kSet, "7"}}}});

  ASSERT_TRUE(outcomes.ok()) << outcomes.error().to_string();
  EXPECT_EQ(error_of(outcomes->at(topic)), KafkaError::kNone);
  EXPECT_EQ(error_of(outcomes->at(absent)), KafkaError::kUnknownTopicOrPartition);
  EXPECT_EQ(error_of(outcomes->at(broker)), KafkaError::kNone);
  EXPECT_EQ(error_of(outcomes->at(brokers)), KafkaError::kNone);
  EXPECT_EQ(shown(topic, "cleanup.policy").value, "delete,compact");
  const ConfigEntry retention = shown(topic, "retention.ms");
  EXPECT_EQ(retention.value, "6");
  EXPECT_EQ(retention.source, ConfigSource::kBroker);
  EXPECT_EQ(retention.type, client::ConfigType::kLong);
  EXPECT_FALSE(retention.documentation.value_or("").empty());
  ASSERT_EQ(retention.synonyms.size(), 3U);
  EXPECT_EQ(retention.synonyms[1].source, ConfigSource::kAllBrokers);
  EXPECT_EQ(retention.synonyms[2].source, ConfigSource::kDefault);
  EXPECT_TRUE(shown(broker, "num.partitions").is_read_only);
}

TEST_F(Administration, ListsWhatHasProperties) {
  const ConfigResource group{Kind::kGroup, "billing"};
  ASSERT_TRUE(admin_
                  ->incremental_alter_configs(
                      {{group, {{"consumer.session.timeout.ms", Operation::kSet, "50000"}}}})
                  ->at(group)
                  .ok());
  const auto all = admin_->list_config_resources();
  ASSERT_TRUE(all.ok()) << all.error().to_string();
  EXPECT_THAT(*all, Contains(group));
  EXPECT_THAT(*all, Contains(ConfigResource{Kind::kTopic, "t"}));
  const auto groups = admin_->list_config_resources({Kind::kGroup});
  ASSERT_TRUE(groups.ok());
  EXPECT_EQ(*groups, std::vector{group});
  EXPECT_EQ(shown(group, "consumer.session.timeout.ms").source, ConfigSource::kGroup);
}

TEST_F(Administration, GivesTopicsMorePartitions) {
  const auto outcomes = admin_->create_partitions({{"t", {.total = 3}}, {"absent", {.total = 3}}});
  ASSERT_TRUE(outcomes.ok()) << outcomes.error().to_string();
  EXPECT_EQ(error_of(outcomes->at("t")), KafkaError::kNone);
  EXPECT_EQ(error_of(outcomes->at("absent")), KafkaError::kUnknownTopicOrPartition);
  const auto fewer = admin_->create_partitions({{"t", {.total = 2}}});
  EXPECT_EQ(error_of(fewer->at("t")), KafkaError::kInvalidPartitions);
  const auto assigned = admin_->create_partitions(
      {{"t", {.total = 4, .assignments = {{{BrokerId{9}}}}}}}, Admin::Validate::kOnly);
  EXPECT_EQ(error_of(assigned->at("t")), KafkaError::kInvalidReplicaAssignment);
  EXPECT_EQ(admin_->describe_topics({"t"})->at("t")->partitions.size(), 3U);
}

TEST_F(Administration, SetsAndFindsQuotas) {
  const client::QuotaEntity app{{"client-id", "app"}};
  const client::QuotaEntity others{{"client-id", std::nullopt}};
  const auto outcomes = admin_->alter_client_quotas(
      {{app, {{"producer_byte_rate", 1000}}}, {others, {{"producer_byte_rate", -1}}}});
  ASSERT_TRUE(outcomes.ok()) << outcomes.error().to_string();
  EXPECT_EQ(error_of(outcomes->at(app)), KafkaError::kNone);
  EXPECT_EQ(error_of(outcomes->at(others)), KafkaError::kInvalidRequest);
  const client::QuotaFilter filter{
      .components = {{"client-id", {client::QuotaFilter::Match::kName, "app"}}}};
  const auto found = admin_->describe_client_quotas(filter);
  ASSERT_TRUE(found.ok()) << found.error().to_string();
  EXPECT_EQ(found->at(app).at("producer_byte_rate"), 1000);
  ASSERT_TRUE(
      admin_->alter_client_quotas({{app, {{"producer_byte_rate", std::nullopt}}}})->at(app).ok());
  EXPECT_TRUE(admin_->describe_client_quotas()->empty());
  const client::QuotaFilter senseless{.components = {{"planet", {}}}};
  EXPECT_FALSE(admin_->describe_client_quotas(senseless).ok());
}

TEST_F(Administration, SetsTheLevelsOfFeatures) {
  const auto before = admin_->describe_features();
  ASSERT_TRUE(before.ok()) << before.error().to_string();
  EXPECT_EQ(before->supported.at("transaction.version").min_level, 0);
  EXPECT_EQ(before->supported.at("transaction.version").max_level, 2);
  EXPECT_EQ(before->finalized.at("transaction.version").max_level, 2);

  const auto refused = admin_->update_features({{"transaction.version", {.level = 1}}});
  EXPECT_EQ(error_of(refused), KafkaError::kInvalidUpdateVersion);
  const auto lowered = admin_->update_features(
      {{"transaction.version", {1, client::FeatureUpdate::Kind::kSafeDowngrade}}});
  ASSERT_TRUE(lowered.ok()) << lowered.error().to_string();

  const auto after = admin_->describe_features();
  EXPECT_EQ(after->finalized.at("transaction.version").max_level, 1);
  EXPECT_GT(after->finalized_epoch, before->finalized_epoch);
}

}  // namespace
}  // namespace millrace::e2e
