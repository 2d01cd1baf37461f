// Brokers that any client stops and starts, by a property: what is done, what is shown, what is
// refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/nodes/stopped_brokers.h"
#include "broker/testing/many_brokers_fixture.h"
#include "wire/messages/alter_configs.h"
#include "wire/messages/describe_configs.h"
#include "wire/messages/incremental_alter_configs.h"

namespace millrace::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using wire::KafkaError;
using enum ConfigOperation;

constexpr std::int8_t kBrokerResource = 4;

class TurningBrokers : public ManyBrokers {
 protected:
  using Request = wire::IncrementalAlterConfigsRequest;
  static Request::AlterConfigsResource change(const std::string& resource,
                                              ConfigOperation operation,
                                              std::optional<std::string> list) {
    Request::AlterConfigsResource changed{kBrokerResource, resource, {}};
    changed.configs.push_back(
        {std::string(kStoppedBrokers), static_cast<std::int8_t>(operation), std::move(list)});
    return changed;
  }
  KafkaError alter(Request request) {
    const auto answers = ask<wire::IncrementalAlterConfigsResponse>(request, 1).responses;
    said_ = answers.back().error_message.value_or("");
    return error(answers.back().error_code);
  }
  KafkaError alter(const std::string& resource, ConfigOperation operation,
                   std::optional<std::string> list) {
    return alter(Request{{change(resource, operation, std::move(list))}, false});
  }
  std::optional<std::string> shown(const std::string& resource) {
    wire::DescribeConfigsRequest request;
    auto& asked = request.resources.emplace_back();
    asked.resource_type = kBrokerResource;
    asked.resource_name = resource;
    asked.configuration_keys = std::vector<std::string>{std::string(kStoppedBrokers)};
    const auto answer = ask<wire::DescribeConfigsResponse>(request, 4);
    EXPECT_EQ(answer.results.at(0).error_code, 0);
    if (answer.results[0].configs.empty()) return std::nullopt;
    EXPECT_FALSE(answer.results[0].configs[0].read_only);
    source_ = answer.results[0].configs[0].config_source;
    return answer.results[0].configs[0].value;
  }
  std::vector<BrokerId> running() { return core_->nodes().running(); }

  std::string said_;
  std::int8_t source_ = 0;
};

TEST_F(TurningBrokers, AreStoppedAndTheirLeadersMove) {
  EXPECT_EQ(alter("1", kSet, "2"), KafkaError::kNone) << said_;

  EXPECT_THAT(running(), ElementsAre(k1, k3));
  EXPECT_EQ(orders(1).leadership(), (Leadership{k3, LeaderEpoch{1}}));
  EXPECT_EQ(shown("1"), "2");
  constexpr std::int8_t kDynamicDefault = 3;
  EXPECT_EQ(source_, kDynamicDefault);
  EXPECT_EQ(shown(""), "2");
}

TEST_F(TurningBrokers, ComeAndGoOneByOneWhomeverIsAsked) {
  EXPECT_EQ(alter("", kAppend, "2"), KafkaError::kNone) << said_;
  come_to(k3);
  EXPECT_EQ(alter("3", kAppend, "1"), KafkaError::kNone) << said_;
  EXPECT_THAT(running(), ElementsAre(k3));
  EXPECT_EQ(shown("3"), "1,2");

  EXPECT_EQ(alter("", kSubtract, "1"), KafkaError::kNone) << said_;
  EXPECT_THAT(running(), ElementsAre(k1, k3));
  EXPECT_EQ(alter("3", kDelete, std::nullopt), KafkaError::kNone) << said_;
  EXPECT_THAT(running(), ElementsAre(k1, k2, k3));
  EXPECT_EQ(shown("3"), "");
  EXPECT_EQ(shown(""), std::nullopt);
}

TEST_F(TurningBrokers, ABrokerStopsItselfAndStillAnswers) {
  EXPECT_EQ(alter("1", kSet, "1,2"), KafkaError::kNone) << said_;
  EXPECT_THAT(running(), ElementsAre(k3));
}

TEST_F(TurningBrokers, ChangesPlacesInOneStep) {
  ASSERT_EQ(alter("1", kSet, "2,3"), KafkaError::kNone) << said_;
  EXPECT_EQ(alter("1", kSet, "1,2"), KafkaError::kNone) << said_;
  EXPECT_THAT(running(), ElementsAre(k3));
}

TEST_F(TurningBrokers, StayAsTheyAreWhenTheListIsRefused) {
  EXPECT_EQ(alter("1", kSet, "1,2,3"), KafkaError::kInvalidConfig);
  EXPECT_THAT(said_, HasSubstr("nobody could start the others again"));
  EXPECT_EQ(alter("1", kSet, "4"), KafkaError::kInvalidConfig);
  EXPECT_THAT(said_, HasSubstr("found '4'"));
  EXPECT_EQ(alter("2", kSet, "3"), KafkaError::kInvalidRequest) << "of another broker";
  auto with_more = change("1", kSet, "2");
  with_more.configs.push_back({"log.cleaner.backoff.ms", 0, "5"});
  EXPECT_EQ(alter(Request{{with_more}, false}), KafkaError::kInvalidRequest);
  EXPECT_THAT(said_, HasSubstr("wanted in a change of its own"));
  EXPECT_EQ(alter(Request{{change("1", kSet, "2")}, true}), KafkaError::kNone) << "only checked";

  EXPECT_THAT(running(), ElementsAre(k1, k2, k3));
}

TEST_F(TurningBrokers, ResourcesOfOneRequestFollowOneAnother) {
  EXPECT_EQ(alter(Request{{change("", kAppend, "2"), change("1", kAppend, "3")}, false}),
            KafkaError::kNone)
      << said_;
  EXPECT_THAT(running(), ElementsAre(k1));
}

TEST_F(TurningBrokers, TheOlderAlterConfigsIsReferredToTheNewer) {
  wire::AlterConfigsRequest request;
  request.resources.push_back({kBrokerResource, "1", {{std::string(kStoppedBrokers), "2"}}});
  const auto answer = ask<wire::AlterConfigsResponse>(request, 2).responses.at(0);
  EXPECT_EQ(error(answer.error_code), KafkaError::kInvalidConfig);
  EXPECT_THAT(answer.error_message.value_or(""), HasSubstr("wanted IncrementalAlterConfigs"));
  EXPECT_THAT(running(), ElementsAre(k1, k2, k3));
}

TEST_F(TurningBrokers, AreForgottenWithTheProcess) {
  ASSERT_EQ(alter("1", kSet, "2"), KafkaError::kNone) << said_;
  core_->stop_coordinators();
  guarded_.reset();
  restart_cleanly();
  EXPECT_THAT(running(), ElementsAre(k1, k2, k3));
  EXPECT_TRUE(state().settings.settings()->set.brokers.empty());
}

}  // namespace
}  // namespace millrace::broker
