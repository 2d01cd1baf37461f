// Elections, reassignments, and brokers that stop and start: what moves, and who hears of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/nodes/node_switch.h"
#include "broker/testing/many_brokers_fixture.h"
#include "wire/messages/alter_partition_reassignments.h"
#include "wire/messages/describe_cluster.h"
#include "wire/messages/elect_leaders.h"
#include "wire/messages/list_partition_reassignments.h"

namespace millrace::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using wire::KafkaError;

class MovingLeaders : public ManyBrokers {
 protected:
  Status stop(BrokerId node) {
    return outcome_of([&](auto done) { state().node_switch.stop(node, std::move(done)); });
  }
  Status start(BrokerId node) {
    return outcome_of([&](auto done) { state().node_switch.start(node, std::move(done)); });
  }
  Leadership led(std::int32_t partition) { return orders(partition).leadership(); }

  wire::ElectLeadersResponse elect(Election election,
                                   std::optional<std::vector<std::int32_t>> partitions) {
    wire::ElectLeadersRequest request;
    request.election_type = static_cast<std::int8_t>(election);
    request.topic_partitions.reset();
    if (partitions) {
      auto& topic = request.topic_partitions.emplace().emplace_back();
      topic.topic = "orders";
      topic.partitions = *std::move(partitions);
    }
    return ask<wire::ElectLeadersResponse>(request, 2);
  }
  /// Of the only partition asked for.
  KafkaError elect_one(Election election, std::int32_t partition) {
    return error(elect(election, {{partition}})
                     .replica_election_results.at(0)
                     .partition_result.at(0)
                     .error_code);
  }
  wire::AlterPartitionReassignmentsResponse reassign(
      std::int32_t partition, std::optional<std::vector<std::int32_t>> replicas,
      bool may_change_factor = true) {
    wire::AlterPartitionReassignmentsRequest request;
    request.allow_replication_factor_change = may_change_factor;
    auto& topic = request.topics.emplace_back();
    topic.name = "orders";
    topic.partitions.push_back({partition, std::move(replicas)});
    return ask<wire::AlterPartitionReassignmentsResponse>(request, 1);
  }
  static KafkaError only_error(const wire::AlterPartitionReassignmentsResponse& response) {
    return error(response.responses.at(0).partitions.at(0).error_code);
  }

 private:
  template <class Change>
  static Status outcome_of(Change change) {
    std::optional<Status> outcome;
    change([&](Status status) { outcome = std::move(status); });
    EXPECT_TRUE(outcome.has_value());
    return outcome.value_or(Status{});
  }
};

TEST_F(MovingLeaders, ABrokerThatStopsIsSeenNoMoreAndItsPartitionsAreLedByOthers) {
  ASSERT_TRUE(stop(k1).ok());
  EXPECT_EQ(led(0), (Leadership{k2, LeaderEpoch{1}}));
  EXPECT_EQ(led(1), (Leadership{k2, LeaderEpoch{0}}));

  come_to(k2);
  wire::MetadataRequest request;
  request.topics->push_back({{}, "orders"});
  const auto metadata = ask<wire::MetadataResponse>(request, 12);
  ASSERT_EQ(metadata.brokers.size(), 2U);
  EXPECT_EQ(metadata.controller_id, 2);
  const auto& partition = metadata.topics.at(0).partitions.at(0);
  EXPECT_THAT(partition.replica_nodes, ElementsAre(1, 2));
  EXPECT_THAT(partition.isr_nodes, ElementsAre(2));
  EXPECT_THAT(partition.offline_replicas, ElementsAre(1));

  wire::DescribeClusterRequest fenced;
  fenced.include_fenced_brokers = true;
  const auto cluster = ask<wire::DescribeClusterResponse>(fenced, 2);
  ASSERT_EQ(cluster.brokers.size(), 3U);
  EXPECT_TRUE(cluster.brokers[0].is_fenced);
}

TEST_F(MovingLeaders, ItComesBackInSyncAndLeadsAgainWhenItIsElected) {
  ASSERT_TRUE(stop(k1).ok());
  ASSERT_TRUE(start(k1).ok());
  EXPECT_EQ(led(0).leader, k2);
  EXPECT_THAT(orders(0).placement().in_sync, ElementsAre(k1, k2));

  EXPECT_EQ(elect_one(Election::kPreferred, 0), KafkaError::kNone);
  EXPECT_EQ(led(0), (Leadership{k1, LeaderEpoch{2}}));
  EXPECT_EQ(elect_one(Election::kPreferred, 0), KafkaError::kElectionNotNeeded);
}

TEST_F(MovingLeaders, ThePreferredLeaderMustRunToBeElected) {
  ASSERT_TRUE(stop(k1).ok());
  come_to(k2);
  EXPECT_EQ(elect_one(Election::kPreferred, 0), KafkaError::kPreferredLeaderNotAvailable);
  EXPECT_EQ(led(0).leader, k2);
}

TEST_F(MovingLeaders, WithoutAnyReplicaInSyncNobodyLeadsUntilAnUncleanElection) {
  ASSERT_TRUE(stop(k1).ok());
  ASSERT_TRUE(stop(k2).ok());
  come_to(k3);
  EXPECT_EQ(led(0).leader, kNoLeader);
  EXPECT_EQ(error(produce_to(0).responses.at(0).partition_responses.at(0).error_code),
            KafkaError::kNotLeaderOrFollower);
  EXPECT_EQ(elect_one(Election::kUnclean, 0), KafkaError::kEligibleLeadersNotAvailable);
  // Node 1 comes back: it had left those in sync before node 2 did.
  ASSERT_TRUE(start(k1).ok());
  EXPECT_EQ(led(0).leader, kNoLeader);
  EXPECT_EQ(elect_one(Election::kUnclean, 0), KafkaError::kNone);
  EXPECT_EQ(led(0).leader, k1);
  EXPECT_EQ(elect_one(Election::kUnclean, 0), KafkaError::kElectionNotNeeded);
}

TEST_F(MovingLeaders, AnElectionForAllNamesOnlyThoseThatItWasAbout) {
  ASSERT_TRUE(stop(k1).ok());
  ASSERT_TRUE(start(k1).ok());
  const auto response = elect(Election::kPreferred, std::nullopt);
  ASSERT_EQ(response.replica_election_results.size(), 1U);
  EXPECT_EQ(response.replica_election_results[0].topic, "orders");
  ASSERT_EQ(response.replica_election_results[0].partition_result.size(), 1U);
  EXPECT_EQ(response.replica_election_results[0].partition_result[0].partition_id, 0);
}

TEST_F(MovingLeaders, UnknownPartitionsAndElectionsAreRefused) {
  EXPECT_EQ(elect_one(Election::kPreferred, 9), KafkaError::kUnknownTopicOrPartition);
  EXPECT_EQ(error(elect(static_cast<Election>(7), {{0}}).error_code), KafkaError::kInvalidRequest);
}

TEST_F(MovingLeaders, TheLastBrokerStays) {
  ASSERT_TRUE(stop(k1).ok());
  ASSERT_TRUE(stop(k2).ok());
  const auto status = stop(k3);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(wire::kafka_error_of(status.error()), KafkaError::kInvalidRequest);
  EXPECT_THAT(status.error().message, HasSubstr("the last that runs"));
  EXPECT_EQ(wire::kafka_error_of(stop(BrokerId{9}).error()), KafkaError::kBrokerIdNotRegistered);
}

TEST_F(MovingLeaders, StoppingAndStartingTwiceIsTheSameAsOnce) {
  ASSERT_TRUE(stop(k1).ok());
  ASSERT_TRUE(stop(k1).ok());
  EXPECT_EQ(led(0), (Leadership{k2, LeaderEpoch{1}}));
  ASSERT_TRUE(start(k1).ok());
  ASSERT_TRUE(start(k1).ok());
  EXPECT_EQ(orders(0).placement().version, 2);
}

TEST_F(MovingLeaders, CoordinatorsMoveWithTheirPartitions) {
  const std::int32_t before = find(0, "g").node_id;
  ASSERT_TRUE(stop(BrokerId{before}).ok());
  come_to(BrokerId{before % 3 + 1});
  const auto after = find(0, "g");
  EXPECT_EQ(error(after.error_code), KafkaError::kNone);
  EXPECT_NE(after.node_id, before);
}

TEST_F(MovingLeaders, ReplicasMoveAtOnce) {
  EXPECT_EQ(only_error(reassign(0, {{3, 2}})), KafkaError::kNone);
  const auto placement = orders(0).placement();
  EXPECT_THAT(placement.replicas, ElementsAre(k3, k2));
  EXPECT_THAT(placement.in_sync, ElementsAre(k3, k2));
  EXPECT_EQ(placement.leadership, (Leadership{k3, LeaderEpoch{1}}));
  EXPECT_TRUE(
      ask<wire::ListPartitionReassignmentsResponse>(wire::ListPartitionReassignmentsRequest{}, 0)
          .topics.empty());
}

TEST_F(MovingLeaders, TheLeaderStaysWhereItCan) {
  EXPECT_EQ(only_error(reassign(0, {{3, 1, 2}})), KafkaError::kNone);
  EXPECT_EQ(led(0), (Leadership{k1, LeaderEpoch{0}}));
  // Replicas that go are a new epoch all the same.
  EXPECT_EQ(only_error(reassign(0, {{3, 1}})), KafkaError::kNone);
  EXPECT_EQ(led(0), (Leadership{k1, LeaderEpoch{1}}));
}

TEST_F(MovingLeaders, ReassignmentsThatCannotBeAreRefusedAndChangeNothing) {
  const auto before = orders(0).placement();
  EXPECT_EQ(only_error(reassign(0, {{}})), KafkaError::kInvalidReplicaAssignment);
  EXPECT_EQ(only_error(reassign(0, {{1, 1}})), KafkaError::kInvalidReplicaAssignment);
  EXPECT_EQ(only_error(reassign(0, {{1, 4}})), KafkaError::kInvalidReplicaAssignment);
  EXPECT_EQ(only_error(reassign(0, {{1, 2, 3}}, false)), KafkaError::kInvalidReplicationFactor);
  EXPECT_EQ(only_error(reassign(0, std::nullopt)), KafkaError::kNoReassignmentInProgress);
  EXPECT_EQ(only_error(reassign(9, {{1}})), KafkaError::kUnknownTopicOrPartition);
  ASSERT_TRUE(stop(k3).ok());
  EXPECT_EQ(only_error(reassign(0, {{3}})), KafkaError::kInvalidReplicaAssignment);
  EXPECT_EQ(orders(0).placement(), before);
}

// Who has read nothing yet under an old leader would else be told that its log was cut.
TEST_F(MovingLeaders, AnEpochInWhichNothingWasWrittenEndsWhereTheLogDoes) {
  ASSERT_TRUE(stop(k1).ok());
  ASSERT_EQ(led(0).epoch, LeaderEpoch{1});
  const auto end = orders(0).end_offset_for_epoch(LeaderEpoch{0});
  EXPECT_EQ(end.epoch, LeaderEpoch{0});
  EXPECT_EQ(end.end_offset, Offset{0});
  EXPECT_EQ(orders(0).end_offset_for_epoch(LeaderEpoch{2}).end_offset, kNoOffset) << "yet to come";
}

TEST_F(MovingLeaders, RecordsOutliveEveryMove) {
  come_to(k1);
  EXPECT_EQ(error(produce_to(0).responses.at(0).partition_responses.at(0).error_code),
            KafkaError::kNone);
  ASSERT_TRUE(stop(k1).ok());
  come_to(k2);
  EXPECT_EQ(produce_to(0).responses.at(0).partition_responses.at(0).base_offset, 1);
  // What was written before and after the move is told apart by its epoch.
  EXPECT_EQ(orders(0).log().end_offset_for_epoch(LeaderEpoch{0}).end_offset, Offset{1});
  EXPECT_EQ(orders(0).log().latest_leader_epoch(), LeaderEpoch{1});
}

}  // namespace
}  // namespace millrace::broker
