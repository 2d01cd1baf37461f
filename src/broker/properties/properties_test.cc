// The catalogue of properties, and what follows from it.
#include "broker/properties.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "broker/properties/broker_property.h"
#include "broker/properties/config_entries.h"
#include "broker/properties/settings_in_force.h"
#include "broker/properties/topic_property.h"

namespace millrace::broker {
namespace {

using testing::HasSubstr;

TEST(TopicProperties, AreSortedAndTheirDefaultsAreValid) {
  std::string_view before;
  for (const Property& each : topic_properties()) {
    EXPECT_LT(before, each.name);
    before = each.name;
    const bool may_be_empty = each.default_value.empty();
    EXPECT_TRUE(may_be_empty || admit_topic_property(each.name, each.default_value).ok())
        << each.name;
    EXPECT_FALSE(each.documentation.empty()) << each.name;
    EXPECT_FALSE(each.reason.empty()) << each.name;
  }
}

TEST(TopicProperties, HaveTheDefaultsOfTheLog) {
  const LogConfig ours;
  LogConfig set;
  // Anything else first, so that a default that does not arrive shows.
  for (const auto& [property, setting] : topic_property_rows()) {
    if (const auto* const member = std::get_if<std::int64_t LogConfig::*>(&setting))
      set.** member = ours.**member / 2 + 7;
    if (const auto* const member = std::get_if<bool LogConfig::*>(&setting))
      set.** member = !(ours.**member);
  }
  set.compression = wire::Compression::kZstd;
  set.cleanup_policy_compact = true;
  set.message_timestamp_type = wire::TimestampType::kLogAppendTime;
  for (const Property& each : topic_properties())
    EXPECT_TRUE(each.default_value.empty() ||
                set_topic_property(set, each.name, each.default_value).ok());

  for (const auto& [property, setting] : topic_property_rows()) {
    if (const auto* const number = std::get_if<std::int64_t LogConfig::*>(&setting)) {
      EXPECT_EQ(set.**number, ours.**number) << property.name;
    }
    if (const auto* const flag = std::get_if<bool LogConfig::*>(&setting)) {
      EXPECT_EQ(set.**flag, ours.**flag) << property.name;
    }
    if (const auto* const ratio = std::get_if<double LogConfig::*>(&setting)) {
      EXPECT_EQ(set.**ratio, ours.**ratio) << property.name;
    }
  }
  EXPECT_EQ(set.compression, ours.compression);
  EXPECT_EQ(set.cleanup_policy_compact, ours.cleanup_policy_compact);
  EXPECT_EQ(set.cleanup_policy_delete, ours.cleanup_policy_delete);
  EXPECT_EQ(set.message_timestamp_type, ours.message_timestamp_type);
}

TEST(TopicProperties, TakeTheValuesThatKafkaTakes) {
  struct Case {
    std::string name, value;
    bool is_valid;
  };
  const std::vector<Case> cases{
      {"cleanup.policy", "compact,delete", true},
      {"cleanup.policy", "compact, delete", true},
      {"cleanup.policy", "shred", false},
      {"cleanup.policy", "", false},
      {"compression.type", "zstd", true},
      {"compression.type", "rar", false},
      {"compression.type", "none", false},
      {"compression.gzip.level", "10", false},
      {"compression.lz4.level", "0", false},
      {"max.message.bytes", "0", true},
      {"max.message.bytes", "-1", false},
      {"max.message.bytes", "3000000000", false},
      {"retention.ms", "-1", true},
      {"retention.ms", "-2", false},
      {"retention.ms", "", false},
      {"retention.ms", "10 ", false},
      {"retention.bytes", "-2", false},
      {"segment.bytes", "1", false},
      {"min.cleanable.dirty.ratio", "0.25", true},
      {"min.cleanable.dirty.ratio", "1.5", false},
      {"min.cleanable.dirty.ratio", "half", false},
      {"preallocate", "true", true},
      {"preallocate", "yes", false},
      {"message.timestamp.type", "LogAppendTime", true},
      {"message.timestamp.type", "logappendtime", false},
  };
  for (const auto& each : cases) {
    const Status status = check_topic_property(each.name, each.value);
    EXPECT_EQ(status.ok(), each.is_valid) << each.name << "=" << each.value;
    if (status.ok()) continue;
    EXPECT_THAT(status.error().message, HasSubstr(each.name));
  }
  EXPECT_THAT(check_topic_property("retention.sm", "1").error().message,
              HasSubstr("'retention.ms'"));
}

TEST(TopicProperties, ThatNothingHereHonoursAreRefusedByName) {
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"remote.storage.enable", "true"},
           {"preallocate", "true"},
           {"flush.messages", "1"},
           {"flush.ms", "1000"},
           {"segment.jitter.ms", "1"},
           {"local.retention.ms", "5"},
       }) {
    const Status status = admit_topic_property(name, value);
    ASSERT_FALSE(status.ok()) << name;
    EXPECT_THAT(status.error().message, HasSubstr(name + "=" + value));
    EXPECT_THAT(status.error().message, HasSubstr(find_topic_property(name)->about.reason));
    EXPECT_TRUE(check_topic_property(name, value).ok()) << "a log that has it still opens";
  }
  EXPECT_TRUE(admit_topic_property("retention.ms", "1").ok());
  EXPECT_TRUE(admit_topic_property("min.compaction.lag.ms", "1").ok());
  EXPECT_TRUE(admit_topic_property("max.compaction.lag.ms", "1000").ok());
  EXPECT_TRUE(admit_topic_property("min.cleanable.dirty.ratio", "0.1").ok());
}

TEST(TopicProperties, SetTheLog) {
  LogConfig config;
  ASSERT_TRUE(set_topic_property(config, "retention.ms", "-1").ok());
  ASSERT_TRUE(set_topic_property(config, "cleanup.policy", "compact, delete").ok());
  ASSERT_TRUE(set_topic_property(config, "message.timestamp.type", "LogAppendTime").ok());
  ASSERT_TRUE(set_topic_property(config, "compression.type", "uncompressed").ok());
  EXPECT_EQ(config.compression, wire::Compression::kNone);
  ASSERT_TRUE(set_topic_property(config, "compression.type", "lz4").ok());
  EXPECT_EQ(config.compression, wire::Compression::kLz4);
  ASSERT_TRUE(set_topic_property(config, "compression.type", "producer").ok());
  EXPECT_EQ(config.compression, std::nullopt);
  EXPECT_EQ(config.retention_ms, -1);
  EXPECT_TRUE(config.cleanup_policy_compact && config.cleanup_policy_delete);
  EXPECT_EQ(config.message_timestamp_type, wire::TimestampType::kLogAppendTime);
  EXPECT_FALSE(set_topic_property(config, "retention.ms", "soon").ok());
  EXPECT_EQ(config.retention_ms, -1);
}

TEST(BrokerProperties, AreSortedAndHaveTheDefaultsOfTheConfiguration) {
  const BrokerConfig config;
  const BrokerView view{config, BrokerId{1}, ""};
  std::string_view before;
  for (const BrokerProperty& each : broker_property_rows()) {
    EXPECT_LT(before, each.about.name);
    before = each.about.name;
    EXPECT_FALSE(each.about.reason.empty()) << each.about.name;
    const bool differs_on_purpose =
        each.about.name == "broker.id" || each.about.name == "listeners";
    if (differs_on_purpose) continue;
    EXPECT_EQ(each.value(view), each.about.default_value) << before;
    if (!each.can_be_set()) continue;
    BrokerConfig changed;
    const std::string other = each.about.type == PropertyType::kBoolean ? "false"
                              : each.about.choices.empty()
                                  ? "12345"
                                  : std::string(each.about.choices);  // there is one
    ASSERT_TRUE(set_broker_property(changed, before, other).ok()) << before;
    EXPECT_EQ(each.value({changed, BrokerId{1}, ""}), other) << before;
  }
}

TEST(ConfigEntries, ShowWhereAValueComesFrom) {
  const auto entries =
      topic_config_entries({{"retention.ms", "5"}}, {}, BrokerConfig{}, BrokerId{1});

  const auto set = std::find_if(entries.begin(), entries.end(),
                                [](const auto& each) { return each.name == "retention.ms"; });
  ASSERT_NE(set, entries.end());
  EXPECT_EQ(set->value, "5");
  EXPECT_EQ(set->source, ConfigSource::kTopic);
  ASSERT_EQ(set->synonyms.size(), 2U);
  EXPECT_EQ(set->synonyms[0].name, "retention.ms");
  EXPECT_EQ(set->synonyms[1].name, "log.retention.ms");
  EXPECT_EQ(set->synonyms[1].value, "604800000");
  EXPECT_EQ(entries.size(), topic_properties().size());
}

TEST(ConfigEntries, ShowWhatWasSetOfABrokerBeforeWhatWasSetOfAll) {
  ClusterSettings set;
  set.brokers[""] = {{"log.retention.ms", "6"}, {"log.cleaner.backoff.ms", "7"}};
  set.brokers["1"] = {{"log.retention.ms", "5"}};
  BrokerConfig config;
  config.topic_defaults["log.retention.ms"] = "4";

  const auto of_topic = topic_config_entries({}, set, config, BrokerId{1});
  const auto of_broker = broker_config_entries(set, {config, BrokerId{1}, ""});
  const auto of_another = broker_config_entries(set, {config, BrokerId{2}, ""});

  const auto named = [](const std::vector<ConfigEntry>& entries, std::string_view name) {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const auto& each) { return each.name == name; });
    EXPECT_NE(found, entries.end()) << name;
    return *found;
  };
  const std::vector<ConfigSynonym> synonyms{
      {"log.retention.ms", "5", ConfigSource::kBroker},
      {"log.retention.ms", "6", ConfigSource::kAllBrokers},
      {"log.retention.ms", "4", ConfigSource::kStaticBroker},
      {"log.retention.ms", "604800000", ConfigSource::kDefault}};
  EXPECT_EQ(named(of_topic, "retention.ms").value, "5");
  EXPECT_EQ(named(of_topic, "retention.ms").synonyms, synonyms);
  EXPECT_EQ(named(of_broker, "log.retention.ms").synonyms, synonyms);
  EXPECT_FALSE(named(of_broker, "log.retention.ms").is_read_only);
  EXPECT_EQ(named(of_another, "log.retention.ms").value, "6");
  EXPECT_EQ(named(of_another, "log.cleaner.backoff.ms").source, ConfigSource::kAllBrokers);
  EXPECT_FALSE(named(of_another, "log.cleaner.backoff.ms").is_read_only);
  EXPECT_TRUE(named(of_another, "num.partitions").is_read_only);
}

TEST(SettingsInForce, PutWhatIsSetOverWhatABrokerWasStartedWith) {
  ClusterSettings set;
  set.brokers[""] = {{"log.cleaner.backoff.ms", "7"}, {"log.segment.bytes", "1000"}};
  set.brokers["1"] = {{"producer.id.expiration.ms", "8"}, {"no.such.property", "9"}};
  BrokerConfig config;
  config.cleaner_backoff = Millis{3};
  config.num_partitions = 5;
  config.topic_defaults = {{"log.segment.bytes", "2000"}, {"log.retention.ms", "-1"}};

  const auto ours = settings_in_force(set, config, BrokerId{1});
  const auto another = settings_in_force(set, config, BrokerId{2});

  EXPECT_EQ(ours.config.cleaner_backoff, Millis{7});
  EXPECT_EQ(ours.config.producer_id_expiration, Millis{8});
  EXPECT_EQ(ours.config.num_partitions, 5);
  EXPECT_EQ(ours.topic_defaults,
            (ConfigOverrides{{"retention.ms", "-1"}, {"segment.bytes", "1000"}}));
  EXPECT_EQ(another.config.producer_id_expiration, BrokerConfig{}.producer_id_expiration);
}

TEST(BrokerProperties, AreSetByNameInWhatABrokerIsStartedWith) {
  BrokerConfig config;
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"group.min.session.timeout.ms", "10"},
                                                        {"num.partitions", "7"},
                                                        {"auto.create.topics.enable", "false"},
                                                        {"socket.request.max.bytes", "1000000"},
                                                        {"offsets.retention.minutes", "3"},
                                                        {"transaction.max.timeout.ms", "5"},
                                                        {"log.retention.ms", "-1"}})
    EXPECT_TRUE(set_broker_property(config, name, value).ok()) << name;
  EXPECT_EQ(config.groups.session_timeout_min, Millis{10});
  EXPECT_EQ(config.num_partitions, 7);
  EXPECT_FALSE(config.auto_create_topics);
  EXPECT_EQ(config.request_bytes_max, 1'000'000U);
  EXPECT_EQ(config.groups.offsets_retention, std::chrono::minutes{3});
  EXPECT_EQ(config.transactions.timeout_max, Millis{5});
  EXPECT_EQ(config.topic_defaults, (ConfigOverrides{{"log.retention.ms", "-1"}}));

  for (const auto& [name, value, wanted] : std::vector<std::array<std::string, 3>>{
           {"num.partitions", "0", "at least 1"},
           {"log.retention.ms", "soon", "log.retention.ms: wanted a number"},
           {"log.preallocate", "true", "would do nothing here"},
           {"node.id", "2", "cannot be set"},
           {"replica.selector.class", "com.example.Own",
            "wanted org.apache.kafka.common.replica.RackAwareReplicaSelector"},
           {"num.partitoins", "2", "did you mean 'num.partitions'"}}) {
    const auto status = set_broker_property(config, name, value);
    ASSERT_FALSE(status.ok()) << name;
    EXPECT_THAT(status.error().message, HasSubstr(wanted));
  }
}

/// The page, in the tree that this build lies in; MILLRACE_APPROVE writes it.
TEST(PropertiesPage, InTheDocumentsIsWhatTheCatalogueSays) {
  std::filesystem::path root = std::filesystem::current_path();
  while (root.has_relative_path() && !std::filesystem::exists(root / "docs/generated"))
    root = root.parent_path();
  const auto path = root / "docs/generated/properties.md";
  if (std::getenv("MILLRACE_APPROVE") != nullptr) std::ofstream(path) << properties_page();

  std::ifstream file(path);
  ASSERT_TRUE(file.is_open()) << path;
  const std::string committed{std::istreambuf_iterator<char>(file), {}};
  EXPECT_TRUE(committed == properties_page()) << "./dev properties writes it anew";
}

}  // namespace
}  // namespace millrace::broker
