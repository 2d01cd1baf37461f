#include "broker/topics/topic_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wire/error_codes.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;
using Wanted = wire::CreateTopicsRequest::CreatableTopic;

TEST(TopicRules, TakeTheNamesThatKafkaTakes) {
  const std::vector<std::pair<std::string, bool>> cases{
      {"orders", true},
      {"a.b_c-D9", true},
      {"...", true},
      {std::string(249, 'x'), true},
      {std::string(250, 'x'), false},
      {"", false},
      {".", false},
      {"..", false},
      {"with space", false},
      {"slash/ed", false},
      {"caf\xc3\xa9", false},
      {std::string("nul\0l", 5), false},
  };
  for (const auto& [name, is_valid] : cases)
    EXPECT_EQ(check_topic_name(name).ok(), is_valid) << "'" << name << "'";
}

TEST(TopicRules, FindNamesThatDifferOnlyByDotAndUnderscore) {
  auto topic = std::make_shared<Topic>();
  topic->name = "a.b_c";
  TopicTable table;
  table.add(topic);

  EXPECT_EQ(find_collision(table, "a_b.c"), "a.b_c");
  EXPECT_EQ(find_collision(table, "a.b_c"), std::nullopt);  // itself
  EXPECT_EQ(find_collision(table, "a-b-c"), std::nullopt);
}

Wanted wanted_topic(std::int32_t partitions, std::int16_t replicas) {
  Wanted wanted;
  wanted.name = "orders";
  wanted.num_partitions = partitions;
  wanted.replication_factor = replicas;
  return wanted;
}

struct PlanCase {
  std::string what;
  std::function<void(Wanted&)> change;
  KafkaError error;
};

TEST(TopicRules, RefuseWhatKafkaRefusesWithItsError) {
  const auto assign = [](std::vector<std::pair<std::int32_t, std::vector<std::int32_t>>> rows) {
    return [rows](Wanted& wanted) {
      wanted.num_partitions = -1;
      wanted.replication_factor = -1;
      for (const auto& [index, brokers] : rows) wanted.assignments.push_back({index, brokers});
    };
  };
  const auto configure = [](std::string name, std::optional<std::string> value) {
    return [=](Wanted& wanted) { wanted.configs.push_back({name, value}); };
  };
  const std::vector<PlanCase> cases{
      {"plain", [](Wanted&) {}, KafkaError::kNone},
      {"defaults", [](Wanted& w) { w.num_partitions = w.replication_factor = -1; },
       KafkaError::kNone},
      {"bad name", [](Wanted& w) { w.name = "a b"; }, KafkaError::kInvalidTopicException},
      {"the metadata log", [](Wanted& w) { w.name = "__cluster_metadata"; },
       KafkaError::kInvalidTopicException},
      {"no partitions", [](Wanted& w) { w.num_partitions = 0; }, KafkaError::kInvalidPartitions},
      {"negative partitions", [](Wanted& w) { w.num_partitions = -2; },
       KafkaError::kInvalidPartitions},
      {"too many partitions", [](Wanted& w) { w.num_partitions = 2'000'000'000; },
       KafkaError::kPolicyViolation},
      {"no replicas", [](Wanted& w) { w.replication_factor = 0; },
       KafkaError::kInvalidReplicationFactor},
      {"three replicas", [](Wanted& w) { w.replication_factor = 3; },
       KafkaError::kInvalidReplicationFactor},
      {"assigned", assign({{0, {1}}, {1, {1}}}), KafkaError::kNone},
      {"assigned with a gap", assign({{0, {1}}, {2, {1}}}), KafkaError::kInvalidReplicaAssignment},
      {"assigned twice", assign({{0, {1}}, {0, {1}}}), KafkaError::kInvalidReplicaAssignment},
      {"assigned to a stranger", assign({{0, {7}}}), KafkaError::kInvalidReplicaAssignment},
      {"assigned to nobody", assign({{0, {}}}), KafkaError::kInvalidReplicaAssignment},
      {"assigned and counted",
       [](Wanted& w) {
         w.assignments.push_back({0, {1}});
       },
       KafkaError::kInvalidRequest},
      {"configured", configure("retention.ms", "1000"), KafkaError::kNone},
      {"unknown property", configure("retention.sm", "1000"), KafkaError::kInvalidConfig},
      {"bad value", configure("retention.ms", "soon"), KafkaError::kInvalidConfig},
      {"a value that nothing honours", configure("preallocate", "true"),
       KafkaError::kInvalidConfig},
      {"null value", configure("retention.ms", std::nullopt), KafkaError::kInvalidConfig},
  };
  for (const auto& each : cases) {
    Wanted wanted = wanted_topic(2, 1);
    each.change(wanted);

    const auto planned = plan_topic(wanted, BrokerConfig{}, Running{BrokerId{1}});

    const auto error = planned.ok() ? KafkaError::kNone : wire::kafka_error_of(planned.error());
    EXPECT_EQ(error, each.error) << each.what;
  }
}

TEST(TopicRules, CountAssignedPartitions) {
  Wanted wanted = wanted_topic(-1, -1);
  wanted.assignments = {{1, {1}}, {0, {1}}, {2, {1}}};

  const auto planned = plan_topic(wanted, BrokerConfig{}, Running{BrokerId{1}});

  ASSERT_TRUE(planned.ok());
  EXPECT_EQ(planned->partition_count, 3);
}

}  // namespace
}  // namespace millrace::broker
