#include "broker/properties/config_changes.h"

#include <gtest/gtest.h>

#include <vector>

#include "broker/topics/topic_rules.h"
#include "wire/error_codes.h"

namespace millrace::broker {
namespace {

using enum ConfigOperation;
using wire::KafkaError;

TEST(TopicConfigChanges, MakeWhatKafkaMakesOfThem) {
  struct Case {
    std::string what;
    TopicConfigs before;
    std::vector<ConfigChange> changes;
    TopicConfigs after;
  };
  const std::vector<Case> cases{
      {"set", {}, {{"retention.ms", kSet, "5"}}, {{"retention.ms", "5"}}},
      {"set anew", {{"retention.ms", "5"}}, {{"retention.ms", kSet, "6"}}, {{"retention.ms", "6"}}},
      {"delete",
       {{"retention.ms", "5"}, {"segment.ms", "7"}},
       {{"retention.ms", kDelete}},
       {{"segment.ms", "7"}}},
      {"delete what is not set", {}, {{"retention.ms", kDelete}}, {}},
      {"delete what nobody knows", {}, {{"no.such.property", kDelete}}, {}},
      {"append to the default",
       {},
       {{"cleanup.policy", kAppend, "compact"}},
       {{"cleanup.policy", "delete,compact"}}},
      {"append what is there",
       {{"cleanup.policy", "compact"}},
       {{"cleanup.policy", kAppend, "compact"}},
       {{"cleanup.policy", "compact"}}},
      {"append several",
       {{"cleanup.policy", "compact"}},
       {{"cleanup.policy", kAppend, "compact,delete"}},
       {{"cleanup.policy", "compact,delete"}}},
      {"subtract",
       {{"cleanup.policy", "compact,delete"}},
       {{"cleanup.policy", kSubtract, "delete"}},
       {{"cleanup.policy", "compact"}}},
      {"subtract what is not there",
       {{"cleanup.policy", "compact"}},
       {{"cleanup.policy", kSubtract, "delete"}},
       {{"cleanup.policy", "compact"}}},
  };
  for (const auto& each : cases) {
    const auto changed = plan_topic_configs(each.before, each.changes);
    ASSERT_TRUE(changed.ok()) << each.what << ": " << changed.error().message;
    EXPECT_EQ(*changed, each.after) << each.what;
  }
}

TEST(TopicConfigChanges, ThatKafkaRefusesAreInvalidConfig) {
  const std::vector<std::pair<std::string, std::vector<ConfigChange>>> cases{
      {"no such property", {{"retention.sm", kSet, "5"}}},
      {"out of range", {{"retention.ms", kSet, "-2"}}},
      {"no number", {{"retention.ms", kSet, "soon"}}},
      {"append to a number", {{"retention.ms", kAppend, "5"}}},
      {"append to what nobody knows", {{"no.such.list", kAppend, "5"}}},
      {"append a word that is none", {{"cleanup.policy", kAppend, "shred"}}},
      {"lags that exclude each other",
       {{"min.compaction.lag.ms", kSet, "10"}, {"max.compaction.lag.ms", kSet, "9"}}},
      {"nothing here would do it", {{"preallocate", kSet, "true"}}},
  };
  for (const auto& [what, changes] : cases) {
    const auto changed = plan_topic_configs({}, changes);
    ASSERT_FALSE(changed.ok()) << what;
    EXPECT_EQ(wire::kafka_error_of(changed.error()), KafkaError::kInvalidConfig) << what;
  }
}

}  // namespace
}  // namespace millrace::broker
