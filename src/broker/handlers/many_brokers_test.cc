// Several brokers over one log, as their clients meet them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "broker/nodes/coordinators.h"
#include "broker/testing/many_brokers_fixture.h"
#include "wire/messages/create_topics.h"
#include "wire/messages/delete_records.h"
#include "wire/messages/describe_cluster.h"
#include "wire/messages/describe_groups.h"
#include "wire/messages/fetch.h"
#include "wire/messages/find_coordinator.h"
#include "wire/messages/heartbeat.h"
#include "wire/messages/init_producer_id.h"
#include "wire/messages/list_groups.h"
#include "wire/messages/list_offsets.h"
#include "wire/messages/metadata.h"
#include "wire/messages/offset_commit.h"
#include "wire/messages/offset_for_leader_epoch.h"

namespace millrace::broker {
namespace {

using ::testing::ElementsAre;
using wire::KafkaError;

TEST_F(ManyBrokers, MetadataShowsThemWithRacksReplicasAndLeaders) {
  for (const BrokerId node : {k1, k3}) {
    come_to(node);
    wire::MetadataRequest request;
    request.topics->push_back({{}, "orders"});
    const auto response = ask<wire::MetadataResponse>(request, 12);
    ASSERT_EQ(response.brokers.size(), 3U);
    EXPECT_EQ(response.brokers[1].node_id, 2);
    EXPECT_EQ(response.brokers[1].rack, "rack-2");
    EXPECT_EQ(response.controller_id, 1);
    const auto& partition = response.topics.at(0).partitions.at(2);
    EXPECT_EQ(partition.leader_id, 3);
    EXPECT_THAT(partition.replica_nodes, ElementsAre(3, 1));
    EXPECT_THAT(partition.isr_nodes, ElementsAre(3, 1));
    EXPECT_TRUE(partition.offline_replicas.empty());
  }
}

TEST_F(ManyBrokers, DescribeClusterShowsThemAndWhoIsCalledTheController) {
  come_to(k2);
  const auto response = ask<wire::DescribeClusterResponse>(wire::DescribeClusterRequest{}, 1);
  EXPECT_EQ(response.brokers.size(), 3U);
  EXPECT_EQ(response.brokers.at(2).rack, "rack-3");
  EXPECT_EQ(response.controller_id, 1);
}

TEST_F(ManyBrokers, ATopicHasAsManyReplicasAsThereAreBrokersAndNoMore) {
  const auto create = [&](const std::string& name, std::int16_t factor) {
    wire::CreateTopicsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = name;
    topic.num_partitions = 3;
    topic.replication_factor = factor;
    return ask<wire::CreateTopicsResponse>(request, 7).topics.at(0);
  };
  const auto created = create("three", 3);
  EXPECT_EQ(error(created.error_code), KafkaError::kNone);
  EXPECT_EQ(created.replication_factor, 3);
  const auto refused = create("four", 4);
  EXPECT_EQ(error(refused.error_code), KafkaError::kInvalidReplicationFactor);
  EXPECT_EQ(refused.error_message, "replicas: wanted at most 3, as there are 3 brokers, found 4");

  std::set<BrokerId> leaders;
  for (const auto& partition : state().topics.table()->find("three")->partitions) {
    leaders.insert(partition->leader());
    EXPECT_EQ(partition->placement().replicas.size(), 3U);
  }
  EXPECT_EQ(leaders.size(), 3U);
}

TEST_F(ManyBrokers, WhoDoesNotLeadNamesTheLeaderToAProducer) {
  come_to(k1);
  EXPECT_EQ(error(produce_to(0).responses.at(0).partition_responses.at(0).error_code),
            KafkaError::kNone);
  const auto response = produce_to(1);
  const auto& answer = response.responses.at(0).partition_responses.at(0);
  EXPECT_EQ(error(answer.error_code), KafkaError::kNotLeaderOrFollower);
  EXPECT_EQ(answer.current_leader.leader_id, 2);
  EXPECT_EQ(answer.current_leader.leader_epoch, 0);
  ASSERT_EQ(response.node_endpoints.size(), 1U);
  EXPECT_EQ(response.node_endpoints[0].node_id, 2);
  EXPECT_EQ(response.node_endpoints[0].host, "127.0.0.1");
  EXPECT_EQ(response.node_endpoints[0].rack, "rack-2");
  EXPECT_EQ(orders(1).high_watermark(), Offset{0});
  // Older clients only hear that they are wrong.
  EXPECT_EQ(error(produce_to(1, 9).responses.at(0).partition_responses.at(0).error_code),
            KafkaError::kNotLeaderOrFollower);
}

TEST_F(ManyBrokers, AFetchIsServedByReplicasAndTheRestNamesTheLeader) {
  ASSERT_TRUE(append("orders", 0, batch_of({"a"})).ok());
  come_to(k2);
  EXPECT_EQ(only_error(fetch_from(0, 11)), KafkaError::kNone);
  EXPECT_EQ(only_error(fetch_from(0, 10)), KafkaError::kNotLeaderOrFollower);
  come_to(k3);
  const auto response = fetch_from(0, 16);
  EXPECT_EQ(only_error(response), KafkaError::kNotLeaderOrFollower);
  EXPECT_EQ(response.responses[0].partitions[0].current_leader.leader_id, 1);
  ASSERT_EQ(response.node_endpoints.size(), 1U);
  EXPECT_EQ(response.node_endpoints[0].node_id, 1);
}

TEST_F(ManyBrokers, EpochsAreComparedBeforeLeadersAre) {
  come_to(k2);
  EXPECT_EQ(only_error(fetch_from(0, 12, 1)), KafkaError::kUnknownLeaderEpoch);
  come_to(k3);
  EXPECT_EQ(only_error(fetch_from(0, 12, 1)), KafkaError::kNotLeaderOrFollower);

  ASSERT_TRUE(state()
                  .topics
                  .replace_placements([&](const TopicPartition&, const Placement& placement) {
                    return without_node(placement, k1, {k2, k3});
                  })
                  .ok());
  come_to(k2);
  const auto fenced = fetch_from(0, 16, 0);
  EXPECT_EQ(only_error(fenced), KafkaError::kFencedLeaderEpoch);
  EXPECT_EQ(fenced.responses[0].partitions[0].current_leader.leader_epoch, 1);
}

TEST_F(ManyBrokers, OffsetsEpochsAndDeletionsAreTheLeadersAlone) {
  come_to(k2);  // a replica, and not the leader
  wire::ListOffsetsRequest offsets;
  offsets.topics.emplace_back().name = "orders";
  offsets.topics[0].partitions.emplace_back().timestamp = -1;
  EXPECT_EQ(error(ask<wire::ListOffsetsResponse>(offsets, 6).topics[0].partitions[0].error_code),
            KafkaError::kNotLeaderOrFollower);

  wire::OffsetForLeaderEpochRequest epochs;
  epochs.topics.emplace_back().topic = "orders";
  epochs.topics[0].partitions.emplace_back().leader_epoch = 0;
  EXPECT_EQ(
      error(ask<wire::OffsetForLeaderEpochResponse>(epochs, 4).topics[0].partitions[0].error_code),
      KafkaError::kNotLeaderOrFollower);

  wire::DeleteRecordsRequest deletions;
  deletions.topics.emplace_back().name = "orders";
  deletions.topics[0].partitions.emplace_back().offset = -1;
  EXPECT_EQ(
      error(ask<wire::DeleteRecordsResponse>(deletions, 2).topics[0].partitions[0].error_code),
      KafkaError::kNotLeaderOrFollower);
}

TEST_F(ManyBrokers, AParkedFetchHearsThatItsLeaderMoved) {
  come_to(k1);
  wire::FetchRequest request;
  request.max_wait_ms = 60'000;
  request.min_bytes = 1;
  auto& topic = request.topics.emplace_back();
  topic.topic = "orders";
  topic.partitions.emplace_back().current_leader_epoch = 0;
  auto caught = call(&handle_fetch, std::move(request), 12);
  EXPECT_FALSE(caught->is_answered());

  ASSERT_TRUE(state()
                  .topics
                  .replace_placements([&](const TopicPartition&, const Placement& placement) {
                    return without_node(placement, k1, {k2, k3});
                  })
                  .ok());
  run_for(Millis{10});
  ASSERT_TRUE(caught->is_answered());
  EXPECT_EQ(only_error(caught->response()), KafkaError::kFencedLeaderEpoch);
}

// Else it ran, was in sync nowhere, and could not be started again.
TEST_F(ManyBrokers, ANodeWhoseReturnTheDiskRefusesDoesNotRunAndStartsLater) {
  Status outcome;
  const auto note = [&](Status status) { outcome = std::move(status); };
  core_->node_switch().stop(k1, note);
  ASSERT_TRUE(outcome.ok()) << outcome.error().to_string();

  env().disk().fail_from(1, sim::Fault::kDiskFull);
  core_->node_switch().start(k1, note);
  EXPECT_FALSE(outcome.ok());
  EXPECT_THAT(core_->nodes().running(), ElementsAre(k2, k3));

  env().disk().clear_fault();
  core_->node_switch().start(k1, note);
  ASSERT_TRUE(outcome.ok()) << outcome.error().to_string();
  EXPECT_THAT(orders(0).placement().in_sync, ElementsAre(k1, k2));
}

TEST_F(ManyBrokers, CoordinatorsAreSpread) {
  std::set<std::int32_t> of_groups;
  std::set<std::int32_t> of_transactions;
  for (int i = 0; i < 50; ++i) {
    const auto group = find(0, "g" + std::to_string(i));
    EXPECT_EQ(error(group.error_code), KafkaError::kNone);
    of_groups.insert(group.node_id);
    of_transactions.insert(find(1, "t" + std::to_string(i)).node_id);
  }
  EXPECT_THAT(of_groups, ElementsAre(1, 2, 3));
  EXPECT_THAT(of_transactions, ElementsAre(1, 2, 3));
}

TEST_F(ManyBrokers, WhoDoesNotCoordinateAGroupSaysSo) {
  wire::HeartbeatRequest heartbeat;
  heartbeat.group_id = "g";
  heartbeat.member_id = "m";
  wire::DescribeGroupsRequest describe;
  describe.groups = {"g"};
  wire::OffsetCommitRequest commit;
  commit.group_id = "g";
  commit.topics.emplace_back().name = "orders";
  commit.topics[0].partitions.emplace_back().committed_offset = 1;

  come_past_coordinator_of("g");
  EXPECT_EQ(error(ask<wire::HeartbeatResponse>(heartbeat, 4).error_code),
            KafkaError::kNotCoordinator);
  EXPECT_EQ(error(ask<wire::DescribeGroupsResponse>(describe, 5).groups.at(0).error_code),
            KafkaError::kNotCoordinator);
  EXPECT_EQ(error(ask<wire::OffsetCommitResponse>(commit, 8).topics[0].partitions[0].error_code),
            KafkaError::kNotCoordinator);

  come_to_coordinator_of("g");
  EXPECT_EQ(error(ask<wire::HeartbeatResponse>(heartbeat, 4).error_code),
            KafkaError::kUnknownMemberId);
  EXPECT_EQ(error(ask<wire::OffsetCommitResponse>(commit, 8).topics[0].partitions[0].error_code),
            KafkaError::kNone);
}

TEST_F(ManyBrokers, AGroupIsListedByItsCoordinatorAlone) {
  come_to_coordinator_of("g");
  wire::OffsetCommitRequest commit;
  commit.group_id = "g";
  commit.topics.emplace_back().name = "orders";
  commit.topics[0].partitions.emplace_back().committed_offset = 1;
  ask<wire::OffsetCommitResponse>(commit, 8);

  EXPECT_EQ(ask<wire::ListGroupsResponse>(wire::ListGroupsRequest{}, 4).groups.size(), 1U);
  come_past_coordinator_of("g");
  EXPECT_TRUE(ask<wire::ListGroupsResponse>(wire::ListGroupsRequest{}, 4).groups.empty());
}

TEST_F(ManyBrokers, WhoDoesNotCoordinateATransactionSaysSo) {
  const auto init = [&](std::optional<std::string> id) {
    wire::InitProducerIdRequest request;
    request.transactional_id = std::move(id);
    request.transaction_timeout_ms = 1000;
    return error(ask<wire::InitProducerIdResponse>(request, 4).error_code);
  };
  const std::int32_t coordinator = find(1, "t").node_id;
  come_to(BrokerId{coordinator % 3 + 1});
  EXPECT_EQ(init("t"), KafkaError::kNotCoordinator);
  EXPECT_EQ(init(std::nullopt), KafkaError::kNone) << "any node has producer ids";
  come_to(BrokerId{coordinator});
  EXPECT_EQ(init("t"), KafkaError::kNone);
}

}  // namespace
}  // namespace millrace::broker
