// The gates of consumer groups before an authorizer that refuses all, or some.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "broker/testing/gate_fixture.h"
#include "wire/error_codes.h"
#include "wire/messages/consumer_group_describe.h"
#include "wire/messages/consumer_group_heartbeat.h"
#include "wire/messages/delete_groups.h"
#include "wire/messages/describe_groups.h"
#include "wire/messages/find_coordinator.h"
#include "wire/messages/heartbeat.h"
#include "wire/messages/join_group.h"
#include "wire/messages/leave_group.h"
#include "wire/messages/list_groups.h"
#include "wire/messages/offset_commit.h"
#include "wire/messages/offset_delete.h"
#include "wire/messages/offset_fetch.h"
#include "wire/messages/sync_group.h"
#include "wire/messages/txn_offset_commit.h"

namespace millrace::broker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using wire::KafkaError;
using enum Operation;
using enum ResourceType;

class GroupGates : public GateFixture {};

TEST_F(GroupGates, AMemberMayDoNothingInAGroupThatItMayNotRead) {
  const auto refused = KafkaError::kGroupAuthorizationFailed;
  wire::JoinGroupRequest join;
  join.group_id = "g";
  wire::SyncGroupRequest sync;
  sync.group_id = "g";
  wire::HeartbeatRequest heartbeat;
  heartbeat.group_id = "g";
  wire::LeaveGroupRequest leave;
  leave.group_id = "g";
  const auto errors = [&] {
    return std::vector<KafkaError>{error(ask<wire::JoinGroupResponse>(join, 9).error_code),
                                   error(ask<wire::SyncGroupResponse>(sync, 5).error_code),
                                   error(ask<wire::HeartbeatResponse>(heartbeat, 4).error_code),
                                   error(ask<wire::LeaveGroupResponse>(leave, 5).error_code)};
  };
  EXPECT_THAT(errors(), ElementsAre(refused, refused, refused, refused));
  EXPECT_EQ(ask<wire::JoinGroupResponse>(join, 6).protocol_name, "");
  EXPECT_EQ(ask<wire::JoinGroupResponse>(join, 7).protocol_name, std::nullopt);
  rules_.allow(kRead, kGroup, "g");
  EXPECT_THAT(errors(), testing::Each(testing::Ne(refused)));
}

TEST_F(GroupGates, AMemberOfAConsumerGroupNeedsTheGroupAndSeesOnlyTopicsThatItMay) {
  wire::ConsumerGroupHeartbeatRequest request;
  request.group_id = "g";
  request.member_id = "m";
  request.rebalance_timeout_ms = 1'000;
  request.topic_partitions.emplace();
  request.subscribed_topic_names = {"mine", "yours"};
  const auto answer = [&] { return ask<wire::ConsumerGroupHeartbeatResponse>(request, 1); };
  EXPECT_EQ(error(answer().error_code), KafkaError::kGroupAuthorizationFailed);
  rules_.allow(kRead, kGroup, "g");
  rules_.allow(kDescribe, kTopic, "mine");
  EXPECT_EQ(error(answer().error_code), KafkaError::kTopicAuthorizationFailed);

  // An expression may match what the caller may not see: nothing of it shows.
  request.subscribed_topic_names.reset();
  request.subscribed_topic_regex = ".*";
  EXPECT_EQ(error(answer().error_code), KafkaError::kTopicAuthorizationFailed);
  EXPECT_EQ(answer().assignment, std::nullopt);
  request.group_id = "h";
  rules_.allow(kRead, kGroup, "h");
  request.subscribed_topic_regex = "mi.*";
  EXPECT_EQ(error(answer().error_code), KafkaError::kNone);
}

TEST_F(GroupGates, ConsumerGroupDescribeShowsNoGroupWithTopicsThatTheCallerMayNotSee) {
  rules_.allow(kRead, kGroup, "g");
  rules_.allow(kDescribe, kTopic, "mine");
  wire::ConsumerGroupHeartbeatRequest join;
  join.group_id = "g";
  join.member_id = "m";
  join.rebalance_timeout_ms = 1'000;
  join.topic_partitions.emplace();
  join.subscribed_topic_regex = ".*";
  ask<wire::ConsumerGroupHeartbeatResponse>(join, 1);
  wire::ConsumerGroupDescribeRequest request;
  request.group_ids = {"g"};
  const auto group = [&] {
    return ask<wire::ConsumerGroupDescribeResponse>(request, 1).groups.at(0);
  };
  EXPECT_EQ(error(group().error_code), KafkaError::kGroupAuthorizationFailed);
  rules_.allow(kDescribe, kGroup, "g");
  EXPECT_EQ(error(group().error_code), KafkaError::kTopicAuthorizationFailed);
  EXPECT_THAT(group().members, IsEmpty());
  rules_.allow(kDescribe, kTopic, "yours");
  EXPECT_EQ(error(group().error_code), KafkaError::kNone);
  EXPECT_EQ(group().members.size(), 1U);
}

TEST_F(GroupGates, OffsetCommitNeedsTheGroupAndEachTopic) {
  wire::OffsetCommitRequest request;
  request.group_id = "g";
  for (const auto& topic : {yours_, mine_}) {
    auto& wanted = request.topics.emplace_back();
    wanted.name = topic->name;
    wanted.topic_id = topic->id;
    wanted.partitions.emplace_back();
  }
  const auto errors = [&](std::int16_t version) {
    std::vector<KafkaError> found;
    for (const auto& topic : ask<wire::OffsetCommitResponse>(request, version).topics)
      found.push_back(error(topic.partitions.at(0).error_code));
    return found;
  };
  EXPECT_THAT(errors(9), ElementsAre(KafkaError::kGroupAuthorizationFailed,
                                     KafkaError::kGroupAuthorizationFailed));
  rules_.allow(kRead, kGroup, "g");
  rules_.allow(kRead, kTopic, "mine");
  for (const auto version : {std::int16_t{9}, std::int16_t{10}})
    EXPECT_THAT(errors(version),
                ElementsAre(KafkaError::kNone, KafkaError::kTopicAuthorizationFailed));
}

TEST_F(GroupGates, TxnOffsetCommitNeedsTheTransactionalIdTheGroupAndEachTopic) {
  wire::TxnOffsetCommitRequest request;
  request.transactional_id = "x";
  request.group_id = "g";
  for (const auto& topic : {yours_, mine_}) {
    auto& wanted = request.topics.emplace_back();
    wanted.name = topic->name;
    wanted.topic_id = topic->id;
    wanted.partitions.emplace_back().partition_index = 7;  // which nobody has
  }
  const auto errors = [&](std::int16_t version) {
    std::vector<KafkaError> found;
    for (const auto& topic : ask<wire::TxnOffsetCommitResponse>(request, version).topics)
      found.push_back(error(topic.partitions.at(0).error_code));
    return found;
  };
  rules_.allow(kRead, kGroup, "g");
  rules_.allow(kRead, kTopic, "mine");
  EXPECT_THAT(errors(5), ElementsAre(KafkaError::kTransactionalIdAuthorizationFailed,
                                     KafkaError::kTransactionalIdAuthorizationFailed));
  rules_.allow(kWrite, kTransactionalId, "x");
  for (const auto version : {std::int16_t{0}, std::int16_t{5}, std::int16_t{6}})
    EXPECT_THAT(errors(version), ElementsAre(KafkaError::kUnknownTopicOrPartition,
                                             KafkaError::kTopicAuthorizationFailed));
  request.group_id = "h";
  EXPECT_THAT(errors(5), ElementsAre(KafkaError::kGroupAuthorizationFailed,
                                     KafkaError::kGroupAuthorizationFailed));
}

TEST_F(GroupGates, OffsetDeleteNeedsTheGroupAndEachTopic) {
  rules_.allow(kRead, kGroup, "g");
  rules_.allow(kRead, kTopic, "mine");
  wire::OffsetCommitRequest commit;
  commit.group_id = "g";
  commit.topics.emplace_back().name = "mine";
  commit.topics[0].partitions.emplace_back();
  (void)ask<wire::OffsetCommitResponse>(commit, 9);

  wire::OffsetDeleteRequest request;
  request.group_id = "g";
  request.topics = {{"yours", {{0}}}, {"mine", {{0}}}};
  const auto refused = ask<wire::OffsetDeleteResponse>(request, 0);
  EXPECT_EQ(error(refused.error_code), KafkaError::kGroupAuthorizationFailed);
  EXPECT_THAT(refused.topics, IsEmpty());

  rules_.allow(kDelete, kGroup, "g");
  const auto answer = ask<wire::OffsetDeleteResponse>(request, 0);
  ASSERT_EQ(answer.topics.size(), 2U);
  EXPECT_EQ(error(answer.topics[0].partitions.at(0).error_code), KafkaError::kNone);
  EXPECT_EQ(answer.topics[1].name, "yours");
  EXPECT_EQ(error(answer.topics[1].partitions.at(0).error_code),
            KafkaError::kTopicAuthorizationFailed);

  rules_.allow(kDelete, kGroup, "nobody");
  request.group_id = "nobody";
  const auto missing = ask<wire::OffsetDeleteResponse>(request, 0);
  EXPECT_EQ(error(missing.error_code), KafkaError::kGroupIdNotFound);
  EXPECT_THAT(missing.topics, IsEmpty());
}

TEST_F(GroupGates, OffsetFetchNeedsEachGroupAndEachTopic) {
  wire::OffsetFetchRequest request;
  for (const auto* const name : {"h", "g"}) {
    auto& group = request.groups.emplace_back();
    group.group_id = name;
    group.topics->push_back({"yours", yours_->id, {0}});
    group.topics->push_back({"mine", mine_->id, {0}});
  }
  rules_.allow(kDescribe, kGroup, "g");
  rules_.allow(kDescribe, kTopic, "mine");
  for (const auto version : {std::int16_t{8}, std::int16_t{10}}) {
    const auto response = ask<wire::OffsetFetchResponse>(request, version);
    ASSERT_EQ(response.groups.size(), 2U);
    EXPECT_EQ(response.groups[0].group_id, "g");
    ASSERT_EQ(response.groups[0].topics.size(), 2U);
    EXPECT_EQ(error(response.groups[0].topics[0].partitions.at(0).error_code), KafkaError::kNone);
    EXPECT_EQ(error(response.groups[0].topics[1].partitions.at(0).error_code),
              KafkaError::kTopicAuthorizationFailed);
    EXPECT_EQ(response.groups[1].group_id, "h");
    EXPECT_EQ(error(response.groups[1].error_code), KafkaError::kGroupAuthorizationFailed);
  }

  wire::OffsetFetchRequest one;
  one.group_id = "g";
  one.topics->push_back({"yours", {0}});
  auto response = ask<wire::OffsetFetchResponse>(one, 7);
  EXPECT_EQ(error(response.topics.at(0).partitions.at(0).error_code),
            KafkaError::kTopicAuthorizationFailed);
  one.group_id = "h";
  response = ask<wire::OffsetFetchResponse>(one, 7);
  EXPECT_EQ(error(response.error_code), KafkaError::kGroupAuthorizationFailed);
  response = ask<wire::OffsetFetchResponse>(one, 1);
  EXPECT_EQ(error(response.topics.at(0).partitions.at(0).error_code),
            KafkaError::kGroupAuthorizationFailed);
}

TEST_F(GroupGates, OffsetFetchOfAllTopicsShowsThoseThatMayBeDescribed) {
  rules_.allow(kRead, kGroup, "g");
  rules_.allow(kDescribe, kGroup, "g");
  rules_.allow(kRead, kTopic, "mine");
  rules_.allow(kRead, kTopic, "yours");
  wire::OffsetCommitRequest commit;
  commit.group_id = "g";
  for (const auto* const name : {"mine", "yours"}) {
    auto& wanted = commit.topics.emplace_back();
    wanted.name = name;
    wanted.partitions.emplace_back().committed_offset = 1;
  }
  (void)ask<wire::OffsetCommitResponse>(commit, 9);
  rules_.allow(kDescribe, kTopic, "mine");

  wire::OffsetFetchRequest all;
  all.groups.emplace_back().group_id = "g";
  all.groups[0].topics.reset();
  const auto many = ask<wire::OffsetFetchResponse>(all, 8);
  ASSERT_EQ(many.groups.at(0).topics.size(), 1U);
  EXPECT_EQ(many.groups[0].topics[0].name, "mine");
  wire::OffsetFetchRequest old;
  old.group_id = "g";
  old.topics.reset();
  const auto one = ask<wire::OffsetFetchResponse>(old, 7);
  ASSERT_EQ(one.topics.size(), 1U);
  EXPECT_EQ(one.topics[0].name, "mine");
}

TEST_F(GroupGates, FindCoordinatorRefusesEachKey) {
  rules_.allow(kDescribe, kGroup, "g");
  wire::FindCoordinatorRequest request;
  request.coordinator_keys = {"h", "g"};
  const auto response = ask<wire::FindCoordinatorResponse>(request, 4);
  ASSERT_EQ(response.coordinators.size(), 2U);
  EXPECT_EQ(error(response.coordinators[0].error_code), KafkaError::kNone);
  EXPECT_EQ(response.coordinators[1].key, "h");
  EXPECT_EQ(error(response.coordinators[1].error_code), KafkaError::kGroupAuthorizationFailed);

  wire::FindCoordinatorRequest old;
  old.key = "t";
  EXPECT_EQ(error(ask<wire::FindCoordinatorResponse>(old, 3).error_code),
            KafkaError::kGroupAuthorizationFailed);
  old.key_type = 1;
  const auto of_transaction = ask<wire::FindCoordinatorResponse>(old, 3);
  EXPECT_EQ(error(of_transaction.error_code), KafkaError::kTransactionalIdAuthorizationFailed);
  EXPECT_EQ(of_transaction.error_message, "not authorized");
}

TEST_F(GroupGates, FindCoordinatorOfAShareGroupIsForBrokers) {
  rules_.allow(kDescribe, kGroup, "g");
  wire::FindCoordinatorRequest request;
  request.coordinator_keys = {"g"};
  request.key_type = 2;
  const auto error_now = [&](std::int16_t version) {
    return error(
        ask<wire::FindCoordinatorResponse>(request, version).coordinators.at(0).error_code);
  };
  EXPECT_EQ(error_now(6), KafkaError::kClusterAuthorizationFailed);
  rules_.allow(kClusterAction);
  EXPECT_EQ(error_now(6), KafkaError::kInvalidRequest) << "there are none here";
  request.key_type = 7;
  request.coordinator_keys = {"nobody may describe it"};
  EXPECT_EQ(error_now(4), KafkaError::kInvalidRequest);
}

TEST_F(GroupGates, DescribeListAndDeleteGroupsShowAndTouchOnlyWhatIsAllowed) {
  rules_.allow(kRead, kGroup, "g");
  rules_.allow(kRead, kTopic, "mine");
  wire::OffsetCommitRequest commit;
  commit.group_id = "g";
  commit.topics.emplace_back().name = "mine";
  commit.topics[0].partitions.emplace_back();
  (void)ask<wire::OffsetCommitResponse>(commit, 9);

  wire::DescribeGroupsRequest describe;
  describe.groups = {"h", "g"};
  describe.include_authorized_operations = true;
  EXPECT_THAT(ask<wire::ListGroupsResponse>(wire::ListGroupsRequest{}, 4).groups, IsEmpty());
  rules_.allow(kDescribe, kGroup, "g");
  const auto described = ask<wire::DescribeGroupsResponse>(describe, 5);
  ASSERT_EQ(described.groups.size(), 2U);
  EXPECT_EQ(error(described.groups[0].error_code), KafkaError::kNone);
  EXPECT_EQ(described.groups[0].authorized_operations, (1 << 3) | (1 << 8));
  EXPECT_EQ(error(described.groups[1].error_code), KafkaError::kGroupAuthorizationFailed);
  EXPECT_THAT(ask<wire::ListGroupsResponse>(wire::ListGroupsRequest{}, 4).groups,
              testing::SizeIs(1));

  wire::DeleteGroupsRequest removal;
  removal.groups_names = {"g"};
  EXPECT_EQ(error(ask<wire::DeleteGroupsResponse>(removal, 2).results.at(0).error_code),
            KafkaError::kGroupAuthorizationFailed);
  rules_.allow(kDelete, kGroup, "g");
  EXPECT_EQ(error(ask<wire::DeleteGroupsResponse>(removal, 2).results.at(0).error_code),
            KafkaError::kNone);
}

TEST_F(GroupGates, ListGroupsShowsAllToWhoMayDescribeTheCluster) {
  rules_.allow(kRead, kGroup, "g");
  rules_.allow(kRead, kTopic, "mine");
  wire::OffsetCommitRequest commit;
  commit.group_id = "g";
  commit.topics.emplace_back().name = "mine";
  commit.topics[0].partitions.emplace_back();
  (void)ask<wire::OffsetCommitResponse>(commit, 9);
  rules_.allow(kDescribe);
  EXPECT_THAT(ask<wire::ListGroupsResponse>(wire::ListGroupsRequest{}, 4).groups,
              testing::SizeIs(1));
}

}  // namespace
}  // namespace millrace::broker
