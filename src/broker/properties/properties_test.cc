// The catalogue of properties, and what follows from it.
#include "broker/properties.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "broker/properties/broker_property.h"
#include "broker/properties/config_entries.h"
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
  }
}

TEST(ConfigEntries, ShowWhereAValueComesFrom) {
  const auto entries = topic_config_entries({{"retention.ms", "5"}});

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
