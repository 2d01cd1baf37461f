#include "client/cluster/metadata_cache.h"

#include <gtest/gtest.h>

namespace millrace::client {
namespace {

const TopicPartition kPartition{"t", PartitionId{0}};

wire::MetadataResponse answer(std::int32_t leader, std::int32_t epoch, Uuid id = {}) {
  wire::MetadataResponse response;
  response.cluster_id = "c";
  response.controller_id = 1;
  for (const std::int32_t node : {1, 2}) {
    wire::MetadataResponse::MetadataResponseBroker broker;
    broker.node_id = node;
    broker.host = "h";
    broker.port = 9000 + node;
    response.brokers.push_back(broker);
  }
  wire::MetadataResponse::MetadataResponsePartition partition;
  partition.leader_id = leader;
  partition.leader_epoch = epoch;
  wire::MetadataResponse::MetadataResponseTopic topic;
  topic.name = "t";
  topic.topic_id = id;
  topic.partitions.push_back(partition);
  response.topics.push_back(topic);
  return response;
}

TEST(MetadataCache, KnowsTheLeaderOfAPartition) {
  MetadataCache cache;
  EXPECT_FALSE(cache.leader(kPartition).has_value());
  cache.update(answer(2, 5));
  ASSERT_TRUE(cache.leader(kPartition).has_value());
  EXPECT_EQ(cache.leader(kPartition)->broker, BrokerId{2});
  EXPECT_EQ(cache.broker(BrokerId{2})->endpoint.port, 9002);
  EXPECT_FALSE(cache.leader({"t", PartitionId{1}}).has_value());
  EXPECT_FALSE(cache.leader({"u", PartitionId{0}}).has_value());
}

TEST(MetadataCache, DoesNotBelieveAnOlderEpoch) {
  MetadataCache cache;
  cache.update(answer(2, 5));
  cache.update(answer(1, 4));
  EXPECT_EQ(cache.leader(kPartition)->broker, BrokerId{2});
  cache.note_leader(kPartition, {BrokerId{1}, LeaderEpoch{4}});
  EXPECT_EQ(cache.leader(kPartition)->broker, BrokerId{2});
  cache.note_leader(kPartition, {BrokerId{1}, LeaderEpoch{6}});
  EXPECT_EQ(cache.leader(kPartition)->broker, BrokerId{1});
}

TEST(MetadataCache, SaysWhetherThereIsSomebodyElseToAskAfterARefusal) {
  MetadataCache cache;
  cache.update(answer(2, 5));
  const PartitionLeader asked{BrokerId{2}, LeaderEpoch{5}};
  const auto after = [&](std::int32_t broker, std::int32_t epoch) {
    return cache.note_leader_after(asked, kPartition, {BrokerId{broker}, LeaderEpoch{epoch}});
  };
  EXPECT_FALSE(after(-1, -1)) << "nobody was named";
  EXPECT_FALSE(after(2, 5)) << "as it was";
  EXPECT_FALSE(after(1, 4)) << "that was before";
  EXPECT_TRUE(after(2, 6));
  EXPECT_TRUE(after(1, 7));
  EXPECT_TRUE(after(1, 7)) << "another request heard it too";
  EXPECT_FALSE(after(9, 8)) << "nobody knows where 9 is";
}

TEST(MetadataCache, ATopicMadeAnewBeginsItsEpochsAnew) {
  Random random(1);
  MetadataCache cache;
  cache.update(answer(2, 5, Uuid::random(random)));
  cache.update(answer(1, 0, Uuid::random(random)));
  EXPECT_EQ(cache.leader(kPartition)->broker, BrokerId{1});
}

TEST(MetadataCache, ALeaderThatIsNotABrokerIsNone) {
  MetadataCache cache;
  cache.update(answer(3, 1));
  EXPECT_FALSE(cache.leader(kPartition).has_value());
  cache.update(answer(1, 2));
  cache.forget_leader(kPartition);
  EXPECT_FALSE(cache.leader(kPartition).has_value());
}

}  // namespace
}  // namespace millrace::client
