#include "client/cluster/cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/consumer/offset_requests.h"
#include "sim/sim_env.h"
#include "wire/messages/list_groups.h"

namespace millrace::client {
namespace {

using testing::HasSubstr;
using testing::Not;

ConnectionConfig config_of_nobody() {
  ConnectionConfig config;
  config.bootstrap_servers = {{"nobody", 9092}};
  return config;
}

class ClusterTest : public testing::Test {
 protected:
  sim::SimWorld world_{1};
  std::unique_ptr<io::EventLoop> loop_ = world_.host("client").make_loop();
  std::unique_ptr<Cluster> cluster_ =
      std::make_unique<Cluster>(*loop_, config_of_nobody(), Random(1));
};

TEST_F(ClusterTest, ACallThatIsAnsweredAfterTheClusterIsGoneIsNotTriedAgain) {
  std::vector<ErrorCode> answers;
  cluster_->call_until<wire::ListGroupsRequest, wire::ListGroupsResponse>(
      Target::of(BrokerId{7}), {}, loop_->now() + Millis{60'000},
      [](const wire::ListGroupsResponse&) { return wire::KafkaError::kNone; },
      [&](const Result<wire::ListGroupsResponse>& answer) {
        answers.push_back(answer.error().code);
      });

  cluster_.reset();
  world_.scheduler().run_for(Millis{60'000});

  EXPECT_EQ(answers, std::vector{ErrorCode::kClosed});
}

TEST_F(ClusterTest, AListingOfOffsetsEndsWithTheCluster) {
  wire::MetadataResponse metadata;
  metadata.brokers = {{.node_id = 7, .host = "nobody", .port = 9092, .rack = std::nullopt}};
  metadata.topics.emplace_back().name = "t";
  metadata.topics.back().partitions.emplace_back().leader_id = 7;
  cluster_->metadata().update(metadata);
  std::vector<ErrorCode> answers;
  const TopicPartition partition{"t", PartitionId{0}};
  list_offsets(
      *cluster_, {{partition, OffsetSpec::latest().timestamp}}, IsolationLevel::kReadUncommitted,
      loop_->now() + Millis{60'000},
      [&](const ListedOffsets& listed) { answers.push_back(listed.at(partition).error().code); });

  cluster_.reset();
  world_.scheduler().run_for(Millis{60'000});

  EXPECT_EQ(answers, std::vector{ErrorCode::kClosed});
}

TEST_F(ClusterTest, ABrokerThatCannotBeReachedIsToldOfAfterTwoSecondsAndOnce) {
  cluster_->metadata().note_broker({BrokerId{7}, {"nowhere", 19092}});
  const auto ask = [this] {
    cluster_->call_until<wire::ListGroupsRequest, wire::ListGroupsResponse>(
        Target::of(BrokerId{7}), {}, loop_->now() + Millis{60'000},
        [](const wire::ListGroupsResponse&) { return wire::KafkaError::kNone; },
        [](const Result<wire::ListGroupsResponse>&) {});
  };
  const auto logged_within = [this](Millis time) {
    testing::internal::CaptureStderr();
    world_.scheduler().run_for(time);
    return testing::internal::GetCapturedStderr();
  };

  ask();

  EXPECT_THAT(logged_within(Millis{1900}), Not(HasSubstr("cannot be reached")));
  const std::string told = logged_within(Millis{20'000});
  EXPECT_THAT(told, HasSubstr("broker=7 address=nowhere:19092 reason="));
  EXPECT_EQ(told.find("broker=7"), told.rfind("broker=7")) << told;
}

}  // namespace
}  // namespace millrace::client
