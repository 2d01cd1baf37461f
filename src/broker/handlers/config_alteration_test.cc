// IncrementalAlterConfigs and AlterConfigs: what they set, where it shows, what they refuse.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/properties/config_changes.h"
#include "broker/testing/core_fixture.h"
#include "wire/error_codes.h"
#include "wire/messages/alter_configs.h"
#include "wire/messages/describe_configs.h"
#include "wire/messages/incremental_alter_configs.h"
#include "wire/messages/list_config_resources.h"

namespace millrace::broker {
namespace {

using enum ConfigOperation;
using testing::HasSubstr;
using wire::KafkaError;
using Incremental = wire::IncrementalAlterConfigsRequest;

constexpr std::int8_t kTopicConfigs = 2;
constexpr std::int8_t kBrokerConfigs = 4;
constexpr std::int8_t kGroupConfigs = 32;

class ConfigAlteration : public CoreFixture {
 protected:
  struct Wish {
    std::string name;
    ConfigOperation operation = kSet;
    std::optional<std::string> value = std::nullopt;
  };
  static Incremental::AlterConfigsResource resource(std::int8_t type, std::string name,
                                                    std::vector<Wish> wishes) {
    Incremental::AlterConfigsResource resource{type, std::move(name), {}};
    for (auto& wish : wishes)
      resource.configs.push_back({wish.name, static_cast<std::int8_t>(wish.operation), wish.value});
    return resource;
  }
  std::vector<wire::AlterConfigsResourceResponse> alter(
      std::vector<Incremental::AlterConfigsResource> resources, bool validate_only = false) {
    return call(&handle_incremental_alter_configs, {std::move(resources), validate_only}, 1)
        ->response()
        .responses;
  }
  KafkaError alter_topic(const std::string& topic, std::vector<Wish> wishes,
                         bool validate_only = false) {
    const auto answers = alter({resource(kTopicConfigs, topic, std::move(wishes))}, validate_only);
    EXPECT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers.at(0).resource_name, topic);
    EXPECT_EQ(answers.at(0).error_code == 0, !answers.at(0).error_message.has_value());
    said_ = answers.at(0).error_message.value_or("");
    return static_cast<KafkaError>(answers.at(0).error_code);
  }
  TopicConfigs set_of(const std::string& topic) {
    return state().topics.table()->find(topic)->configs;
  }
  const storage::LogConfig& log_config(const std::string& topic) {
    log_config_ = state().topics.table()->find_partition(topic, 0)->log().config();
    return *log_config_;
  }

  std::string said_;
  std::shared_ptr<const storage::LogConfig> log_config_;
};

TEST_F(ConfigAlteration, IsInForceAtOnceInTheLogsThatAreOpen) {
  make_topic("orders", 2);
  const auto before = state().topics.table();

  EXPECT_EQ(alter_topic("orders", {{"retention.ms", kSet, "5"},
                                   {"cleanup.policy", kSet, "compact"},
                                   {"compression.type", kSet, "zstd"},
                                   {"max.message.bytes", kSet, "100"},
                                   {"min.insync.replicas", kSet, "2"}}),
            KafkaError::kNone);

  for (const auto& partition : before->find("orders")->partitions) {
    const auto config = partition->log().config();
    EXPECT_EQ(config->retention_ms, 5);
    EXPECT_TRUE(config->cleanup_policy_compact && !config->cleanup_policy_delete);
    EXPECT_EQ(config->compression, wire::Compression::kZstd);
    EXPECT_EQ(config->max_message_bytes, 100);
  }
  EXPECT_EQ(before->find("orders")->min_insync_replicas, 1) << "a picture that was taken before";
  EXPECT_EQ(state().topics.table()->find("orders")->min_insync_replicas, 2);
}

TEST_F(ConfigAlteration, OfMaxMessageBytesMakesTheNextProduceFail) {
  make_topic("orders");
  const std::string value(500, 'x');
  ASSERT_EQ(produce("orders", batch_of({value}))
                ->response()
                .responses[0]
                .partition_responses[0]
                .error_code,
            0);

  ASSERT_EQ(alter_topic("orders", {{"max.message.bytes", kSet, "200"}}), KafkaError::kNone);

  EXPECT_EQ(static_cast<KafkaError>(produce("orders", batch_of({value}))
                                        ->response()
                                        .responses[0]
                                        .partition_responses[0]
                                        .error_code),
            KafkaError::kMessageTooLarge);
}

TEST_F(ConfigAlteration, SurvivesARestart) {
  make_topic("orders", 1, {{"segment.ms", "7"}});
  ASSERT_EQ(alter_topic("orders", {{"retention.ms", kSet, "5"}, {"segment.ms", kDelete}}),
            KafkaError::kNone);

  restart_after_kill();

  EXPECT_EQ(set_of("orders"), (TopicConfigs{{"retention.ms", "5"}}));
  EXPECT_EQ(log_config("orders").retention_ms, 5);
  EXPECT_EQ(log_config("orders").segment_ms, storage::LogConfig{}.segment_ms);
}

TEST_F(ConfigAlteration, IsAllOfAResourceOrNothing) {
  make_topic("orders");
  EXPECT_EQ(alter_topic("orders", {{"retention.ms", kSet, "5"}, {"segment.ms", kSet, "never"}}),
            KafkaError::kInvalidConfig);
  EXPECT_THAT(said_, HasSubstr("segment.ms"));
  EXPECT_TRUE(set_of("orders").empty());
}

TEST_F(ConfigAlteration, ThatIsOnlyValidatedChangesNothing) {
  make_topic("orders");
  EXPECT_EQ(alter_topic("orders", {{"retention.ms", kSet, "5"}}, true), KafkaError::kNone);
  EXPECT_EQ(alter_topic("orders", {{"retention.ms", kSet, "-5"}}, true),
            KafkaError::kInvalidConfig);
  EXPECT_TRUE(set_of("orders").empty());
  EXPECT_EQ(log_config("orders").retention_ms, storage::LogConfig{}.retention_ms);
}

TEST_F(ConfigAlteration, GivesEachResourceItsOwnOutcome) {
  make_topic("orders");
  make_topic("twice");
  const auto answers = alter({resource(kTopicConfigs, "orders", {{"retention.ms", kSet, "5"}}),
                              resource(kTopicConfigs, "missing", {{"retention.ms", kSet, "5"}}),
                              resource(kTopicConfigs, "a b", {{"retention.ms", kSet, "5"}}),
                              resource(kTopicConfigs, "", {{"retention.ms", kSet, "5"}}),
                              resource(kTopicConfigs, "twice", {{"retention.ms", kSet, "5"}}),
                              resource(kTopicConfigs, "twice", {{"segment.ms", kSet, "5"}}),
                              resource(99, "orders", {})});
  const std::vector<KafkaError> wanted{KafkaError::kNone,
                                       KafkaError::kUnknownTopicOrPartition,
                                       KafkaError::kInvalidTopicException,
                                       KafkaError::kInvalidRequest,
                                       KafkaError::kInvalidRequest,
                                       KafkaError::kInvalidRequest,
                                       KafkaError::kInvalidRequest};
  ASSERT_EQ(answers.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i)
    EXPECT_EQ(static_cast<KafkaError>(answers[i].error_code), wanted[i]) << i;
  EXPECT_EQ(set_of("orders"), (TopicConfigs{{"retention.ms", "5"}}));
  EXPECT_TRUE(set_of("twice").empty());
}

TEST_F(ConfigAlteration, RefusesNullsDuplicatesAndUnknownOperations) {
  make_topic("orders");
  EXPECT_EQ(alter_topic("orders", {{"retention.ms"}}), KafkaError::kInvalidRequest);
  EXPECT_THAT(said_, HasSubstr("retention.ms"));
  EXPECT_EQ(alter_topic("orders", {{"retention.ms", kSet, "5"}, {"retention.ms", kSet, "6"}}),
            KafkaError::kInvalidRequest);
  EXPECT_EQ(alter_topic("orders", {{"retention.ms", ConfigOperation{9}, "5"}}),
            KafkaError::kInvalidRequest);
  EXPECT_EQ(alter_topic("orders", {{"retention.ms", ConfigOperation{-1}, "5"}}),
            KafkaError::kInvalidRequest);
  EXPECT_TRUE(set_of("orders").empty());
}

TEST_F(ConfigAlteration, InItsOldFormDeletesWhatItDoesNotName) {
  make_topic("orders", 1, {{"segment.ms", "7"}, {"retention.ms", "5"}});

  const auto response =
      call(&handle_alter_configs, {{{kTopicConfigs, "orders", {{"retention.ms", "6"}}}}, false}, 2);

  ASSERT_EQ(response.responses.size(), 1U);
  EXPECT_EQ(response.responses[0].error_code, 0);
  EXPECT_EQ(set_of("orders"), (TopicConfigs{{"retention.ms", "6"}}));
  EXPECT_EQ(log_config("orders").segment_ms, storage::LogConfig{}.segment_ms);
}

TEST_F(ConfigAlteration, ShowsInDescribeConfigs) {
  make_topic("orders");
  ASSERT_EQ(alter_topic("orders", {{"retention.ms", kSet, "5"}}), KafkaError::kNone);
  wire::DescribeConfigsRequest request;
  request.resources.push_back({kTopicConfigs, "orders", {{"retention.ms"}}});

  const auto response = call(&handle_describe_configs, std::move(request), 4);

  ASSERT_EQ(response.results.at(0).configs.size(), 1U);
  EXPECT_EQ(response.results[0].configs[0].value, "5");
  EXPECT_EQ(response.results[0].configs[0].config_source, 1);
}

TEST_F(ConfigAlteration, OfBrokersChangesTopicsThatSayNothingThemselves) {
  make_topic("plain");
  make_topic("particular", 1, {{"retention.ms", "5"}});

  const auto answers = alter(
      {resource(kBrokerConfigs, "",
                {{"log.retention.ms", kSet, "6"}, {"min.insync.replicas", kSet, "2"}}),
       resource(kBrokerConfigs, "1", {{"log.segment.ms", kDelete}, {"log.roll.ms", kSet, "7"}})});

  for (const auto& each : answers) EXPECT_EQ(each.error_code, 0) << each.error_message.value_or("");
  EXPECT_EQ(log_config("plain").retention_ms, 6);
  EXPECT_EQ(log_config("plain").segment_ms, 7);
  EXPECT_EQ(log_config("particular").retention_ms, 5);
  EXPECT_EQ(state().topics.table()->find("plain")->min_insync_replicas, 2);
  make_topic("later");
  EXPECT_EQ(log_config("later").retention_ms, 6);
  restart_after_kill();
  EXPECT_EQ(log_config("plain").retention_ms, 6);
  EXPECT_EQ(log_config("particular").retention_ms, 5);

  alter({resource(kBrokerConfigs, "", {{"log.retention.ms", kDelete}})});
  EXPECT_EQ(log_config("plain").retention_ms, storage::LogConfig{}.retention_ms);
}

TEST_F(ConfigAlteration, OfBrokersIsInForceWhereItIsAskedFor) {
  alter({resource(
      kBrokerConfigs, "1",
      {{"producer.id.expiration.ms", kSet, "60000"}, {"log.cleaner.backoff.ms", kSet, "9"}})});
  const auto settings = state().settings.settings();
  EXPECT_EQ(settings->config.producer_id_expiration, Millis{60'000});
  EXPECT_EQ(settings->config.cleaner_backoff, Millis{9});

  make_topic("orders");
  const wire::BatchOptions idempotent{
      .producer_id = ProducerId{7}, .producer_epoch = ProducerEpoch{0}, .base_sequence = 0};
  ASSERT_TRUE(append("orders", 0, batch_of({"a"}, idempotent)).ok());
  const auto& partition = state().topics.table()->find("orders")->partitions[0];
  core_->expire_producers(env().clock().wall());  // finds it, and counts from now on
  run_for(Millis{59'000});
  core_->expire_producers(env().clock().wall());
  EXPECT_EQ(partition->producers().size(), 1U);
  run_for(Millis{2'000});
  core_->expire_producers(env().clock().wall());
  EXPECT_EQ(partition->producers().size(), 0U);
}

TEST_F(ConfigAlteration, OfBrokersRefusesWhatDoesNotChange) {
  const std::vector<std::pair<Incremental::AlterConfigsResource, std::string>> cases{
      {resource(kBrokerConfigs, "1", {{"num.partitions", kSet, "3"}}), "does not change"},
      {resource(kBrokerConfigs, "1", {{"no.such.property", kSet, "3"}}), "no property"},
      {resource(kBrokerConfigs, "1", {{"log.retention.ms", kSet, "soon"}}), "log.retention.ms"},
      {resource(kBrokerConfigs, "1", {{"log.preallocate", kSet, "true"}}), "would do nothing"},
      {resource(kBrokerConfigs, "2", {{"log.retention.ms", kSet, "3"}}), "wanted broker 1"},
      {resource(kBrokerConfigs, "one", {{"log.retention.ms", kSet, "3"}}), "wanted broker 1"},
  };
  for (const auto& [wanted, said] : cases) {
    const auto answer = alter({wanted}).at(0);
    EXPECT_EQ(static_cast<KafkaError>(answer.error_code), KafkaError::kInvalidRequest) << said;
    EXPECT_THAT(answer.error_message.value_or(""), HasSubstr(said));
  }
  EXPECT_TRUE(state().settings.settings()->set.brokers.empty());
}

TEST_F(ConfigAlteration, OfAllBrokersShowsUnderTheirEmptyName) {
  alter({resource(kBrokerConfigs, "", {{"log.retention.ms", kSet, "6"}})});
  wire::DescribeConfigsRequest request;
  request.resources.push_back({kBrokerConfigs, "", std::nullopt});

  const auto response = call(&handle_describe_configs, std::move(request), 4);

  ASSERT_EQ(response.results.at(0).configs.size(), 1U);
  EXPECT_EQ(response.results[0].configs[0].name, "log.retention.ms");
  EXPECT_EQ(response.results[0].configs[0].value, "6");
  EXPECT_EQ(response.results[0].configs[0].config_source, 3);
}

TEST_F(ConfigAlteration, OfAGroupShowsAndSurvives) {
  const auto described = [&](std::vector<std::string> keys) {
    wire::DescribeConfigsRequest request;
    request.include_synonyms = true;
    request.resources.push_back({kGroupConfigs, "billing", std::move(keys)});
    return call(&handle_describe_configs, std::move(request), 4).results.at(0).configs;
  };
  ASSERT_EQ(described({}).size(), 2U);
  EXPECT_EQ(described({"consumer.session.timeout.ms"}).at(0).value, "45000");

  const auto answers = alter(
      {resource(kGroupConfigs, "billing", {{"consumer.session.timeout.ms", kSet, "50000"}}),
       resource(kGroupConfigs, "", {}), resource(kGroupConfigs, "other", {{"no.such", kSet, "1"}}),
       resource(kGroupConfigs, "short", {{"consumer.session.timeout.ms", kSet, "1"}})});
  const std::vector<KafkaError> wanted{KafkaError::kNone, KafkaError::kInvalidRequest,
                                       KafkaError::kInvalidConfig, KafkaError::kInvalidConfig};
  for (std::size_t i = 0; i < wanted.size(); ++i)
    EXPECT_EQ(static_cast<KafkaError>(answers.at(i).error_code), wanted[i]) << i;

  restart_after_kill();

  const auto set = described({"consumer.session.timeout.ms"}).at(0);
  EXPECT_EQ(set.value, "50000");
  EXPECT_EQ(set.config_source, 8);
  EXPECT_EQ(set.synonyms.size(), 2U);
}

TEST_F(ConfigAlteration, MakesAGroupOneOfTheResourcesThatAreListed) {
  make_topic("orders");
  alter({resource(kGroupConfigs, "billing", {{"consumer.session.timeout.ms", kSet, "50000"}})});
  const auto listed = [&](std::vector<std::int8_t> types, std::int16_t version = 1) {
    const auto response = call(&handle_list_config_resources, {std::move(types)}, version);
    std::vector<std::string> found;
    for (const auto& each : response.config_resources)
      found.push_back(fmt::format("{}:{}", each.resource_type, each.resource_name));
    if (response.error_code != 0) found.push_back(fmt::format("error {}", response.error_code));
    return found;
  };
  EXPECT_EQ(listed({}), (std::vector<std::string>{"2:orders", "4:1", "8:1", "32:billing"}));
  EXPECT_EQ(listed({kGroupConfigs}), (std::vector<std::string>{"32:billing"}));
  EXPECT_EQ(listed({99}), (std::vector<std::string>{"error 35"}));
  EXPECT_TRUE(listed({}, 0).empty()) << "which asks for client metrics";
}

}  // namespace
}  // namespace millrace::broker
