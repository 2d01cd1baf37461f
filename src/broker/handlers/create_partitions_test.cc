// CreatePartitions: what it makes, what stays, what it refuses.
#include "wire/messages/create_partitions.h"

#include <gtest/gtest.h>

#include "broker/testing/core_fixture.h"
#include "wire/error_codes.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;
using WantedTopic = wire::CreatePartitionsRequest::CreatePartitionsTopic;

class CreatePartitions : public CoreFixture {
 protected:
  std::vector<KafkaError> grow(std::vector<WantedTopic> topics, bool validate_only = false) {
    wire::CreatePartitionsRequest request;
    request.topics = std::move(topics);
    request.validate_only = validate_only;
    std::vector<KafkaError> errors;
    for (const auto& each : call(&handle_create_partitions, std::move(request), 3).results) {
      EXPECT_EQ(each.error_code == 0, !each.error_message.has_value()) << each.name;
      errors.push_back(static_cast<KafkaError>(each.error_code));
    }
    return errors;
  }
  std::size_t partition_count(const std::string& topic) {
    return state().topics.table()->find(topic)->partitions.size();
  }
};

const std::vector<KafkaError> kMade{KafkaError::kNone};

TEST_F(CreatePartitions, MakesEmptyOnesThatTakeRecordsAndLeavesTheOthers) {
  make_topic("orders", 1, {{"retention.ms", "5"}});
  ASSERT_TRUE(append("orders", 0, batch_of({"a"})).ok());

  EXPECT_EQ(grow({{"orders", 3, std::nullopt}}), kMade);

  ASSERT_EQ(partition_count("orders"), 3U);
  ASSERT_TRUE(append("orders", 2, batch_of({"b", "c"})).ok());
  const auto topic = state().topics.table();
  EXPECT_EQ(topic->find_partition("orders", 0)->high_watermark(), Offset{1});
  EXPECT_EQ(topic->find_partition("orders", 1)->high_watermark(), Offset{0});
  EXPECT_EQ(topic->find_partition("orders", 2)->high_watermark(), Offset{2});
  EXPECT_EQ(topic->find_partition("orders", 2)->log().config()->retention_ms, 5);
}

TEST_F(CreatePartitions, SurvivesARestart) {
  make_topic("orders");
  ASSERT_EQ(grow({{"orders", 2, std::nullopt}}), kMade);
  ASSERT_TRUE(append("orders", 1, batch_of({"a"})).ok());

  restart_after_kill();

  ASSERT_EQ(partition_count("orders"), 2U);
  EXPECT_EQ(state().topics.table()->find_partition("orders", 1)->high_watermark(), Offset{1});
}

TEST_F(CreatePartitions, TakesAnAssignmentToTheOneBroker) {
  make_topic("orders");
  EXPECT_EQ(grow({{"orders", 3, {{{{1}}, {{1}}}}}}), kMade);
  EXPECT_EQ(partition_count("orders"), 3U);
}

TEST_F(CreatePartitions, RefusesAsKafkaDoes) {
  struct Case {
    std::string what;
    std::vector<WantedTopic> topics;
    KafkaError error;
  };
  make_topic("orders", 2);
  make_topic(std::string(kOffsetsTopic), 2);
  const std::vector<Case> cases{
      {"as many", {{"orders", 2, std::nullopt}}, KafkaError::kInvalidPartitions},
      {"fewer", {{"orders", 1, std::nullopt}}, KafkaError::kInvalidPartitions},
      {"none", {{"orders", 0, std::nullopt}}, KafkaError::kInvalidPartitions},
      {"a negative count", {{"orders", -1, std::nullopt}}, KafkaError::kInvalidPartitions},
      {"too many", {{"orders", 2'000'000'000, std::nullopt}}, KafkaError::kPolicyViolation},
      {"no such topic", {{"missing", 3, std::nullopt}}, KafkaError::kUnknownTopicOrPartition},
      {"named twice",
       {{"orders", 3, std::nullopt}, {"orders", 4, std::nullopt}},
       KafkaError::kInvalidRequest},
      {"too few assignments", {{"orders", 4, {{{{1}}}}}}, KafkaError::kInvalidReplicaAssignment},
      {"an unknown broker", {{"orders", 3, {{{{7}}}}}}, KafkaError::kInvalidReplicaAssignment},
      {"two replicas", {{"orders", 3, {{{{1, 1}}}}}}, KafkaError::kInvalidReplicaAssignment},
      {"no replica", {{"orders", 3, {{{{}}}}}}, KafkaError::kInvalidReplicaAssignment},
      {"the broker's own",
       {{std::string(kOffsetsTopic), 3, std::nullopt}},
       KafkaError::kInvalidRequest},
  };
  for (const auto& each : cases) EXPECT_EQ(grow(each.topics), std::vector{each.error}) << each.what;
  EXPECT_EQ(partition_count("orders"), 2U);
}

TEST_F(CreatePartitions, ThatAreOnlyValidatedAreNotMade) {
  make_topic("orders");
  EXPECT_EQ(grow({{"orders", 2, std::nullopt}}, true), kMade);
  EXPECT_EQ(grow({{"orders", 1, std::nullopt}}, true), std::vector{KafkaError::kInvalidPartitions});
  EXPECT_EQ(partition_count("orders"), 1U);
}

TEST_F(CreatePartitions, StartsEmptyWhereAFolderWasLeft) {
  make_topic("orders");
  ASSERT_TRUE(append("orders", 0, batch_of({"a"})).ok());
  ASSERT_TRUE(env().files().create_directories("/data/orders-1").ok());
  auto left =
      env().files().open("/data/orders-1/00000000000000000000.log", io::OpenMode::kCreateNew);
  ASSERT_TRUE(left.ok());
  const Buffer batch = batch_of({"rubbish"});
  ASSERT_TRUE(left.value()->append(batch.view()).ok());

  ASSERT_EQ(grow({{"orders", 2, std::nullopt}}), kMade);

  EXPECT_EQ(state().topics.table()->find_partition("orders", 1)->high_watermark(), Offset{0});
}

}  // namespace
}  // namespace millrace::broker
