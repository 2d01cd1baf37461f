#include <gtest/gtest.h>

#include "broker/testing/gate_fixture.h"
#include "wire/messages/alter_partition_reassignments.h"
#include "wire/messages/describe_log_dirs.h"
#include "wire/messages/describe_quorum.h"
#include "wire/messages/describe_topic_partitions.h"
#include "wire/messages/elect_leaders.h"
#include "wire/messages/list_partition_reassignments.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;

using ClusterGates = GateFixture;

TEST_F(ClusterGates, WhoMayNotDescribeTheClusterSeesNothingOfIt) {
  EXPECT_EQ(error(ask<wire::DescribeLogDirsResponse>(wire::DescribeLogDirsRequest{}, 4).error_code),
            KafkaError::kClusterAuthorizationFailed);
  EXPECT_EQ(error(ask<wire::DescribeQuorumResponse>(wire::DescribeQuorumRequest{}, 2).error_code),
            KafkaError::kClusterAuthorizationFailed);
  EXPECT_EQ(error(ask<wire::ListPartitionReassignmentsResponse>(
                      wire::ListPartitionReassignmentsRequest{}, 0)
                      .error_code),
            KafkaError::kClusterAuthorizationFailed);
  rules_.allow(Operation::kDescribe);
  EXPECT_EQ(error(ask<wire::DescribeLogDirsResponse>(wire::DescribeLogDirsRequest{}, 4).error_code),
            KafkaError::kNone);
}

TEST_F(ClusterGates, WhoMayNotAlterTheClusterMovesNothing) {
  wire::ElectLeadersRequest election;
  election.topic_partitions->emplace_back().topic = "mine";
  election.topic_partitions->back().partitions = {0};
  const auto refused = ask<wire::ElectLeadersResponse>(election, 2);
  EXPECT_EQ(error(refused.error_code), KafkaError::kClusterAuthorizationFailed);
  EXPECT_EQ(error(refused.replica_election_results.at(0).partition_result.at(0).error_code),
            KafkaError::kClusterAuthorizationFailed);
  EXPECT_EQ(error(ask<wire::AlterPartitionReassignmentsResponse>(
                      wire::AlterPartitionReassignmentsRequest{}, 0)
                      .error_code),
            KafkaError::kClusterAuthorizationFailed);
  rules_.allow(Operation::kAlter);
  EXPECT_EQ(error(ask<wire::ElectLeadersResponse>(election, 2).error_code), KafkaError::kNone);
}

TEST_F(ClusterGates, TopicsThatMayNotBeDescribedAreRefusedByNameAndElseLeftOut) {
  rules_.allow(Operation::kDescribe, ResourceType::kTopic, "mine");
  const auto all =
      ask<wire::DescribeTopicPartitionsResponse>(wire::DescribeTopicPartitionsRequest{}, 0);
  ASSERT_EQ(all.topics.size(), 1U);
  EXPECT_EQ(all.topics[0].name, "mine");

  wire::DescribeTopicPartitionsRequest yours;
  yours.topics.emplace_back().name = "yours";
  const auto refused = ask<wire::DescribeTopicPartitionsResponse>(yours, 0);
  ASSERT_EQ(refused.topics.size(), 1U);
  EXPECT_EQ(error(refused.topics[0].error_code), KafkaError::kTopicAuthorizationFailed);
  EXPECT_TRUE(refused.topics[0].partitions.empty());
}

}  // namespace
}  // namespace millrace::broker
