#include "broker/groups/consumer/consumer_describe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/groups/consumer/consumer_actor.h"

namespace millrace::broker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using wire::KafkaError;

class ConsumerDescribe : public testing::Test {
 protected:
  ConsumerDescribe() { world_.make_topic("t", 4); }

  GroupWorld world_;
  ConsumerActor a_{world_, "a"};
};

TEST_F(ConsumerDescribe, ShowsEpochsMembersAndWhereTheyAreOnTheirWay) {
  a_.beat();
  ConsumerActor b{world_, "b", {"t"}, "i"};
  b.beat();

  const auto group = world_.describe_consumer_group();

  EXPECT_EQ(group.error_code, 0);
  EXPECT_EQ(group.group_id, "g");
  EXPECT_EQ(group.group_state, "Reconciling");
  EXPECT_EQ(group.group_epoch, 3);
  EXPECT_EQ(group.assignment_epoch, 3);
  EXPECT_EQ(group.assignor_name, "uniform");
  ASSERT_THAT(group.members, SizeIs(2));
  const auto& first = group.members[0];
  EXPECT_EQ(first.member_id, "a");
  EXPECT_EQ(first.member_epoch, 2);
  EXPECT_EQ(first.client_id, "c");
  EXPECT_EQ(first.client_host, "/10.0.0.1");
  EXPECT_THAT(first.subscribed_topic_names, ElementsAre("t"));
  EXPECT_EQ(first.member_type, 1);
  EXPECT_EQ(first.assignment.topic_partitions.at(0).topic_name, "t");
  EXPECT_THAT(first.assignment.topic_partitions.at(0).partitions, SizeIs(4));
  EXPECT_THAT(first.target_assignment.topic_partitions.at(0).partitions, SizeIs(2));
  const auto& second = group.members[1];
  EXPECT_EQ(second.instance_id, "i");
  EXPECT_EQ(second.member_epoch, 3);
  EXPECT_THAT(second.assignment.topic_partitions, IsEmpty());
  EXPECT_THAT(second.target_assignment.topic_partitions.at(0).partitions, SizeIs(2));
}

TEST_F(ConsumerDescribe, LeavesOutTopicsThatAreNoMore) {
  a_.beat();
  world_.delete_topic("t");
  ConsumerActor b{world_, "b", {"u"}};
  b.beat();
  EXPECT_THAT(world_.describe_consumer_group().members.at(0).assignment.topic_partitions,
              IsEmpty());
}

TEST_F(ConsumerDescribe, FindsNeitherUnknownNorClassicGroups) {
  world_.make_stable(1);
  const auto classic = world_.describe_consumer_group("g");
  EXPECT_EQ(classic.error_code, code_of(KafkaError::kGroupIdNotFound));
  EXPECT_EQ(classic.error_message, "Group g is not a consumer group.");
  const auto unknown = world_.describe_consumer_group("h");
  EXPECT_EQ(unknown.error_code, code_of(KafkaError::kGroupIdNotFound));
  EXPECT_EQ(unknown.error_message, "Group h not found.");
}

TEST_F(ConsumerDescribe, DescribeGroupsKnowsClassicGroupsOnly) {
  a_.beat();
  const auto described = [&](std::int16_t version) {
    return world_.answer<wire::DescribeGroupsResponse>(world_.describe("g", version)).groups.at(0);
  };
  EXPECT_EQ(described(6).error_code, code_of(KafkaError::kGroupIdNotFound));
  EXPECT_EQ(described(6).error_message, "Group g is not a classic group.");
  EXPECT_EQ(described(6).group_state, "Dead");
  EXPECT_EQ(described(5).error_code, 0);
  EXPECT_EQ(described(5).group_state, "Dead");
}

TEST_F(ConsumerDescribe, ListGroupsSaysStateAndTypeAndFiltersByThem) {
  a_.beat();
  world_.commit({.group = "simple", .offset = 1});
  struct Case {
    std::string_view what;
    std::vector<std::string> states;
    std::vector<std::string> types;
    std::vector<std::string> found;
  };
  const std::vector<Case> cases{
      {"all", {}, {}, {"simple", "g"}},
      {"a type", {}, {"Consumer"}, {"g"}},
      {"the other type", {}, {"classic"}, {"simple"}},
      {"a state", {"stable"}, {}, {"g"}},
      {"a state of one and the type of the other", {"Stable"}, {"classic"}, {}},
  };
  for (const Case& each : cases) {
    wire::ListGroupsRequest request;
    request.states_filter = each.states;
    request.types_filter = each.types;
    std::vector<std::string> found;
    for (const auto& group : world_.answer<wire::ListGroupsResponse>(world_.list(request)).groups) {
      found.push_back(group.group_id);
      if (group.group_id != "g") continue;
      EXPECT_EQ(group.protocol_type, "consumer");
      EXPECT_EQ(group.group_state, "Stable");
      EXPECT_EQ(group.group_type, "consumer");
    }
    EXPECT_EQ(found, each.found) << each.what;
  }
}

}  // namespace
}  // namespace millrace::broker
