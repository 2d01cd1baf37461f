// What tools see of a cluster: directories, quorum, partitions page by page.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/nodes/node_switch.h"
#include "broker/testing/many_brokers_fixture.h"
#include "wire/messages/describe_log_dirs.h"
#include "wire/messages/describe_quorum.h"
#include "wire/messages/describe_topic_partitions.h"

namespace millrace::broker {
namespace {

using ::testing::ElementsAre;
using wire::KafkaError;

class ClusterViews : public ManyBrokers {
 protected:
  wire::DescribeTopicPartitionsResponse describe(
      const std::vector<std::string>& names, std::int32_t limit = 2000,
      std::optional<wire::DescribeTopicPartitionsRequest::Cursor> cursor = std::nullopt) {
    wire::DescribeTopicPartitionsRequest request;
    for (const auto& name : names) request.topics.emplace_back().name = name;
    request.response_partition_limit = limit;
    request.cursor = std::move(cursor);
    return ask<wire::DescribeTopicPartitionsResponse>(request, 0);
  }
  wire::DescribeQuorumResponse quorum_of(const std::string& topic) {
    wire::DescribeQuorumRequest request;
    request.topics.emplace_back().topic_name = topic;
    request.topics[0].partitions.emplace_back();
    return ask<wire::DescribeQuorumResponse>(request, 2);
  }
};

TEST_F(ClusterViews, LogDirectoriesHoldWhatTheNodeHasReplicasOf) {
  ASSERT_TRUE(append("orders", 0, batch_of({"a"})).ok());
  come_to(k2);
  wire::DescribeLogDirsRequest request;
  request.topics.reset();
  const auto response = ask<wire::DescribeLogDirsResponse>(request, 4);
  ASSERT_EQ(response.results.size(), 1U);
  EXPECT_EQ(response.results[0].log_dir, "/data");
  const auto& topics = response.results[0].topics;
  const auto orders = std::find_if(topics.begin(), topics.end(),
                                   [](const auto& topic) { return topic.name == "orders"; });
  ASSERT_NE(orders, topics.end());
  ASSERT_EQ(orders->partitions.size(), 2U);
  EXPECT_EQ(orders->partitions[0].partition_index, 0);
  EXPECT_EQ(orders->partitions[0].partition_size,
            static_cast<std::int64_t>(batch_of({"a"}).size()));
  EXPECT_EQ(orders->partitions[0].offset_lag, 0);
  EXPECT_EQ(orders->partitions[1].partition_index, 1);
}

TEST_F(ClusterViews, LogDirectoriesAreNarrowedToWhatIsNamed) {
  wire::DescribeLogDirsRequest request;
  auto& topics = request.topics.emplace();
  topics.emplace_back().topic = "orders";
  topics.back().partitions = {0, 1, 9};
  topics.emplace_back().topic = "nothing";
  topics.back().partitions = {0};
  const auto response = ask<wire::DescribeLogDirsResponse>(request, 1);
  ASSERT_EQ(response.results.at(0).topics.size(), 1U);
  EXPECT_EQ(response.results[0].topics[0].partitions.size(), 1U) << "node 1 has no replica of 1";
}

TEST_F(ClusterViews, TheQuorumIsTheControllerAndOthersObserve) {
  const auto response = quorum_of("__cluster_metadata");
  const auto& quorum = response.topics.at(0).partitions.at(0);
  EXPECT_EQ(quorum.leader_id, 1);
  EXPECT_EQ(quorum.leader_epoch, 1);
  EXPECT_GT(quorum.high_watermark, 0);
  ASSERT_EQ(quorum.current_voters.size(), 1U);
  EXPECT_EQ(quorum.current_voters[0].log_end_offset, quorum.high_watermark);
  EXPECT_FALSE(quorum.current_voters[0].replica_directory_id.is_zero());
  EXPECT_EQ(quorum.observers.size(), 2U);
  ASSERT_EQ(response.nodes.size(), 1U);
  EXPECT_EQ(response.nodes[0].listeners.at(0).host, "127.0.0.1");

  state().node_switch.stop(k1, [](const Status& status) { EXPECT_TRUE(status.ok()); });
  come_to(k3);
  const auto after = quorum_of("__cluster_metadata").topics.at(0).partitions.at(0);
  EXPECT_EQ(after.leader_id, 2);
  EXPECT_EQ(after.leader_epoch, 2);
  EXPECT_EQ(after.observers.size(), 1U);
}

TEST_F(ClusterViews, ThereIsNoOtherQuorum) {
  EXPECT_EQ(error(quorum_of("orders").topics.at(0).partitions.at(0).error_code),
            KafkaError::kUnknownTopicOrPartition);
}

TEST_F(ClusterViews, PartitionsAreDescribedPageByPage) {
  const auto first = describe({"orders", "mine"}, 2);
  ASSERT_EQ(first.topics.size(), 2U) << "in order of their names";
  EXPECT_EQ(first.topics[0].name, "mine");
  EXPECT_EQ(first.topics[1].partitions.size(), 1U);
  ASSERT_TRUE(first.next_cursor.has_value());
  EXPECT_EQ(first.next_cursor->topic_name, "orders");
  EXPECT_EQ(first.next_cursor->partition_index, 1);

  const auto rest = describe({"orders", "mine"}, 9, {{"orders", 1}});
  ASSERT_EQ(rest.topics.size(), 1U);
  ASSERT_EQ(rest.topics[0].partitions.size(), 2U);
  EXPECT_EQ(rest.topics[0].partitions[0].partition_index, 1);
  EXPECT_EQ(rest.topics[0].partitions[0].leader_id, 2);
  EXPECT_THAT(rest.topics[0].partitions[0].replica_nodes, ElementsAre(2, 3));
  EXPECT_FALSE(rest.next_cursor.has_value());
}

TEST_F(ClusterViews, WithoutNamesAllTopicsAreDescribed) {
  const auto all = describe({});
  EXPECT_EQ(all.topics.size(), 3U);
  const auto page = describe({}, 1);
  ASSERT_TRUE(page.next_cursor.has_value());
  EXPECT_EQ(page.next_cursor->topic_name, "orders");
  EXPECT_EQ(page.next_cursor->partition_index, 0);
}

TEST_F(ClusterViews, UnknownTopicsAndCursorsThatLeadNowhereAreRefused) {
  EXPECT_EQ(error(describe({"nothing"}).topics.at(0).error_code),
            KafkaError::kUnknownTopicOrPartition);
  EXPECT_EQ(error(describe({"a b"}).topics.at(0).error_code), KafkaError::kInvalidTopicException);
  EXPECT_EQ(error(describe({"orders"}, 9, {{"mine", 0}}).topics.at(0).error_code),
            KafkaError::kInvalidRequest);
  EXPECT_EQ(error(describe({"orders"}, 9, {{"orders", -1}}).topics.at(0).error_code),
            KafkaError::kInvalidRequest);
  // Past the last partition there is none.
  EXPECT_TRUE(describe({"orders"}, 9, {{"orders", 77}}).topics.at(0).partitions.empty());
}

}  // namespace
}  // namespace millrace::broker
