// Readers are sent to a replica in their rack, where the broker is told to.   source  KIP-392, and
// what the ReplicaManager of Apache Kafka 4.4 does
#include <gtest/gtest.h>

#include "broker/fetching/replica_selection.h"
#include "broker/testing/many_brokers_fixture.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;

/// Partition 0 of "orders" is led by node 1 in rack-1, with a replica on node 2 in rack-2.
class NearestReplica : public ManyBrokers {
 protected:
  explicit NearestReplica(
      Adjust adjust = [](BrokerConfig& config) { config.replica_selector = kRackAwareSelector; })
      : ManyBrokers(adjust) {
    EXPECT_TRUE(append("orders", 0, batch_of({"a"})).ok());
    rack_ = "rack-2";
  }
  wire::FetchResponse::PartitionData fetch(std::int16_t version = 12) {
    return fetch_from(0, version).responses.at(0).partitions.at(0);
  }
  void place(const std::optional<Placement>& next) {
    ASSERT_TRUE(state()
                    .topics
                    .replace_placements([&](const TopicPartition& name, const Placement&) {
                      return name.partition == PartitionId{0} && name.topic == "orders"
                                 ? next
                                 : std::nullopt;
                    })
                    .ok());
  }
};

TEST_F(NearestReplica, IsNamedByTheLeaderAtOnceAndWithoutRecords) {
  const auto sent = fetch();
  EXPECT_EQ(error(sent.error_code), KafkaError::kNone);
  EXPECT_EQ(sent.preferred_read_replica, 2);
  EXPECT_TRUE(sent.records.empty());
  EXPECT_EQ(sent.high_watermark, 1);
  EXPECT_EQ(sent.last_stable_offset, 1);
  EXPECT_EQ(sent.log_start_offset, 0);
}

TEST_F(NearestReplica, ServesTheReaderItself) {
  come_to(k2);
  const auto served = fetch();
  EXPECT_EQ(error(served.error_code), KafkaError::kNone);
  EXPECT_EQ(served.preferred_read_replica, -1);
  EXPECT_FALSE(served.records.empty());
}

TEST_F(NearestReplica, IsNotLookedForWithoutARackOrInTheLeadersOwn) {
  for (const std::string rack : {"", "rack-1", "rack-3", "elsewhere"}) {
    rack_ = rack;
    const auto served = fetch();
    EXPECT_EQ(served.preferred_read_replica, -1) << rack;
    EXPECT_FALSE(served.records.empty()) << rack;
  }
}

TEST_F(NearestReplica, IsUnknownToFetchesBeforeVersion11) {
  EXPECT_EQ(fetch(11).preferred_read_replica, 2);
  const auto served = fetch(10);
  EXPECT_EQ(served.preferred_read_replica, -1);
  EXPECT_FALSE(served.records.empty());
}

TEST_F(NearestReplica, IsNamedAtTheEndOfTheLogAndNotBeyond) {
  from_ = 1;
  EXPECT_EQ(fetch().preferred_read_replica, 2);
  from_ = 2;
  const auto beyond = fetch();
  EXPECT_EQ(beyond.preferred_read_replica, -1);
  EXPECT_EQ(error(beyond.error_code), KafkaError::kOffsetOutOfRange);
}

TEST_F(NearestReplica, HasToBeInSync) {
  place(without_node(orders(0).placement(), k2, {k1, k3}));
  EXPECT_EQ(fetch().preferred_read_replica, -1);
  place(with_node(orders(0).placement(), k2, {k1, k2, k3}));
  EXPECT_EQ(fetch().preferred_read_replica, 2);
}

class NearestReplicaWithoutSelector : public NearestReplica {
 protected:
  NearestReplicaWithoutSelector() : NearestReplica(nullptr) {}
};

TEST_F(NearestReplicaWithoutSelector, IsNotNamedAndServesAllTheSame) {
  const auto from_leader = fetch();
  EXPECT_EQ(from_leader.preferred_read_replica, -1);
  EXPECT_FALSE(from_leader.records.empty());
  come_to(k2);
  EXPECT_FALSE(fetch().records.empty());
}

}  // namespace
}  // namespace millrace::broker
