// UpdateFeatures and what ApiVersions says of features.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/groups/group_handlers.h"
#include "broker/testing/core_fixture.h"
#include "broker/topics/settings_catalogue.h"
#include "wire/error_codes.h"
#include "wire/messages/api_versions.h"
#include "wire/messages/consumer_group_heartbeat.h"
#include "wire/messages/incremental_alter_configs.h"
#include "wire/messages/update_features.h"

namespace millrace::broker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using wire::KafkaError;
using Finalized = wire::ApiVersionsResponse::FinalizedFeatureKey;
using Supported = wire::ApiVersionsResponse::SupportedFeatureKey;
using Update = wire::UpdateFeaturesRequest::FeatureUpdateKey;

const Finalized kGroups{"group.version", 1, 1};
constexpr std::int8_t kUpgrade = 1;
constexpr std::int8_t kDowngrade = 2;

class Features : public CoreFixture {
 protected:
  KafkaError update(std::vector<Update> updates, std::int16_t version = 2,
                    bool validate_only = false) {
    wire::UpdateFeaturesRequest request;
    request.feature_updates = std::move(updates);
    request.validate_only = validate_only;
    const auto response = call(&handle_update_features, std::move(request), version);
    EXPECT_EQ(response.error_code == 0, !response.error_message.has_value());
    results_ = response.results.size();
    return static_cast<KafkaError>(response.error_code);
  }
  KafkaError set(std::int16_t level, std::int8_t how) {
    return update({{"transaction.version", level, false, how}});
  }
  wire::ApiVersionsResponse versions(std::int16_t version = 4) {
    return call(&handle_api_versions, {"test", "1"}, version);
  }

  std::size_t results_ = 0;
};

TEST_F(Features, AreShownWithWhatIsSupportedAndWhatHolds) {
  const auto response = versions();
  EXPECT_THAT(response.supported_features, ElementsAre(Supported{"group.version", 0, 1},
                                                       Supported{"transaction.version", 0, 2}));
  EXPECT_THAT(response.finalized_features,
              ElementsAre(kGroups, Finalized{"transaction.version", 2, 2}));
  EXPECT_GE(response.finalized_features_epoch, 0);
  EXPECT_THAT(versions(3).supported_features, IsEmpty()) << "older clients refuse a level of 0";
}

TEST_F(Features, AreSetAlsoOverARestart) {
  const auto epoch = versions().finalized_features_epoch;
  EXPECT_EQ(set(1, kDowngrade), KafkaError::kNone);

  EXPECT_THAT(versions().finalized_features,
              ElementsAre(kGroups, Finalized{"transaction.version", 1, 1}));
  EXPECT_GT(versions().finalized_features_epoch, epoch);
  EXPECT_EQ(state().settings.settings()->config.transactions.version, 1);
  restart_after_kill();
  EXPECT_THAT(versions().finalized_features,
              ElementsAre(kGroups, Finalized{"transaction.version", 1, 1}));

  EXPECT_EQ(set(0, kDowngrade), KafkaError::kNone);
  EXPECT_THAT(versions().finalized_features, ElementsAre(kGroups));
  EXPECT_EQ(set(2, kUpgrade), KafkaError::kNone);
  EXPECT_THAT(versions().finalized_features,
              ElementsAre(kGroups, Finalized{"transaction.version", 2, 2}));
}

TEST_F(Features, RefuseLevelsThatMakeNoSense) {
  EXPECT_EQ(set(1, kUpgrade), KafkaError::kInvalidUpdateVersion) << "a downgrade says so";
  EXPECT_EQ(set(3, kUpgrade), KafkaError::kInvalidUpdateVersion);
  EXPECT_EQ(set(-1, kDowngrade), KafkaError::kInvalidUpdateVersion);
  EXPECT_EQ(set(1, 9), KafkaError::kInvalidUpdateVersion);
  EXPECT_EQ(update({{"no.such.feature", 1, false, kUpgrade}}), KafkaError::kInvalidUpdateVersion);
  EXPECT_EQ(update({{"transaction.version", 1, false, kDowngrade},
                    {"no.such.feature", 1, false, kUpgrade}}),
            KafkaError::kInvalidUpdateVersion)
      << "of all that are named, or of none";
  EXPECT_EQ(update({{"transaction.version", 1, false, kDowngrade},
                    {"transaction.version", 0, false, kDowngrade}}),
            KafkaError::kInvalidRequest);
  EXPECT_EQ(update({{"transaction.version", 1, false, kDowngrade}}, 2, true), KafkaError::kNone);
  EXPECT_THAT(versions().finalized_features,
              ElementsAre(kGroups, Finalized{"transaction.version", 2, 2}));
}

TEST_F(Features, AreAnsweredEachBeforeVersionTwo) {
  EXPECT_EQ(update({{"transaction.version", 1, false, 0}}, 0), KafkaError::kInvalidUpdateVersion);
  EXPECT_EQ(update({{"transaction.version", 1, true, 0}}, 0), KafkaError::kNone);
  EXPECT_EQ(results_, 1U);
  EXPECT_EQ(set(2, kUpgrade), KafkaError::kNone);
  EXPECT_EQ(results_, 0U);
}

TEST_F(Features, OfGroupsWithoutALevelRefusesMembersOfThem) {
  ASSERT_TRUE(core_->start_coordinators(*loop_).ok());
  ASSERT_EQ(update({{"group.version", 0, false, kDowngrade}}), KafkaError::kNone);
  EXPECT_THAT(versions().finalized_features, ElementsAre(Finalized{"transaction.version", 2, 2}));

  wire::ConsumerGroupHeartbeatRequest joining;
  joining.group_id = "g";
  const auto answer = call(&handle_consumer_group_heartbeat, std::move(joining), 1);

  ASSERT_TRUE(answer->is_answered());
  EXPECT_EQ(static_cast<KafkaError>(answer->response().error_code),
            KafkaError::kUnsupportedVersion);
  core_->stop_coordinators();
}

TEST_F(Features, AndPropertiesOfGroupsReachThoseWhoGoByThem) {
  ASSERT_TRUE(core_->start_coordinators(*loop_).ok());
  ASSERT_EQ(set(1, kDowngrade), KafkaError::kNone);
  wire::IncrementalAlterConfigsRequest request;
  request.resources.push_back({32, "g", {{"consumer.heartbeat.interval.ms", 0, "7000"}}});
  const auto altered = call(&handle_incremental_alter_configs, std::move(request), 1);
  ASSERT_EQ(altered->response().responses[0].error_code, 0);
  make_topic("orders");

  wire::ConsumerGroupHeartbeatRequest joining;
  joining.group_id = "g";
  joining.member_id = "m";
  joining.rebalance_timeout_ms = 10'000;
  joining.subscribed_topic_names = std::vector<std::string>{"orders"};
  joining.topic_partitions.emplace();
  const auto answer = call(&handle_consumer_group_heartbeat, std::move(joining), 1);
  run_for(Millis{100});

  ASSERT_TRUE(answer->is_answered());
  EXPECT_EQ(answer->response().error_code, 0) << answer->response().error_message.value_or("");
  EXPECT_EQ(answer->response().heartbeat_interval_ms, 7'000);
  core_->stop_coordinators();
}

}  // namespace
}  // namespace millrace::broker
