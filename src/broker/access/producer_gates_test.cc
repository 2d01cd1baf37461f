// The gates of APIs that end and show transactions where the records are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "broker/testing/gate_fixture.h"
#include "wire/error_codes.h"
#include "wire/messages/describe_producers.h"
#include "wire/messages/write_txn_markers.h"

namespace millrace::broker {
namespace {

using testing::ElementsAre;
using wire::KafkaError;
using enum Operation;
using enum ResourceType;

class ProducerGates : public GateFixture {};

TEST_F(ProducerGates, WriteTxnMarkersIsForBrokersAndWhoMayAlterTheCluster) {
  wire::WriteTxnMarkersRequest request;
  auto& marker = request.markers.emplace_back();
  marker.producer_id = 7;
  marker.topics.push_back({"mine", {0, 1}});
  const auto errors = [&] {
    std::vector<KafkaError> found;
    const auto response = ask<wire::WriteTxnMarkersResponse>(request, 1);
    for (const auto& each : response.markers.at(0).topics.at(0).partitions)
      found.push_back(error(each.error_code));
    return found;
  };
  EXPECT_THAT(errors(), ElementsAre(KafkaError::kClusterAuthorizationFailed,
                                    KafkaError::kClusterAuthorizationFailed));
  EXPECT_EQ(end_of(*mine_), Offset{0});
  const auto allowed = ElementsAre(KafkaError::kNone, KafkaError::kUnknownTopicOrPartition);
  rules_.allow(kAlter);
  EXPECT_THAT(errors(), allowed);
  rules_ = {};
  rules_.allow(kClusterAction);
  EXPECT_THAT(errors(), allowed);
}

TEST_F(ProducerGates, DescribeProducersNeedsEachTopic) {
  wire::DescribeProducersRequest request;
  request.topics = {{"yours", {0}}, {"mine", {0}}};
  rules_.allow(kRead, kTopic, "mine");
  const auto response = ask<wire::DescribeProducersResponse>(request, 0);
  ASSERT_EQ(response.topics.size(), 2U);
  EXPECT_EQ(error(response.topics[0].partitions.at(0).error_code), KafkaError::kNone);
  EXPECT_EQ(response.topics[1].name, "yours");
  EXPECT_EQ(error(response.topics[1].partitions.at(0).error_code),
            KafkaError::kTopicAuthorizationFailed);
}

}  // namespace
}  // namespace millrace::broker
