// A group goes from one protocol to the other while its members live: what they are told is what
// Apache Kafka 4.4 was seen to tell in the same steps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/groups/consumer/consumer_actor.h"
#include "broker/groups/consumer/conversion.h"
#include "wire/consumer_protocol.h"

namespace millrace::broker {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using wire::KafkaError;

class Migration : public testing::Test {
 protected:
  explicit Migration(const GroupConfig& config = {}) : world_(config) { world_.make_topic("t", 4); }

  static std::string subscription(const std::vector<std::int32_t>& owned) {
    wire::ConsumerProtocolSubscription said;
    said.topics = {"t"};
    if (!owned.empty()) said.owned_partitions = {{"t", owned}};
    return wire::encode_subscription(said, 1).value();
  }
  static std::string assignment(const std::vector<std::int32_t>& partitions) {
    wire::ConsumerProtocolAssignment dealt;
    dealt.assigned_partitions = {{"t", partitions}};
    return wire::encode_assignment(dealt, 1).value();
  }
  static std::vector<std::int32_t> partitions_in(const std::string& bytes) {
    const auto dealt = wire::decode_assignment(bytes);
    EXPECT_TRUE(dealt.ok());
    if (!dealt.ok() || dealt->assigned_partitions.empty()) return {};
    return dealt->assigned_partitions.front().partitions;
  }
  /// A JoinGroup of a consumer that says what it owns.
  const wire::JoinGroupResponse& join(const std::string& member,
                                      const std::vector<std::int32_t>& owned,
                                      std::optional<std::string> instance = {}) {
    return world_.joined(world_.join({.member = member,
                                      .instance = std::move(instance),
                                      .protocols = {{"range", subscription(owned)}}}));
  }
  static KafkaError error(std::int16_t code) { return static_cast<KafkaError>(code); }
  KafkaError heartbeat(const std::string& member, std::int32_t generation) {
    return world_.heartbeat_error(world_.heartbeat(member, generation));
  }

  /// A classic group whose one member has all partitions. Its id.
  std::string make_classic_group(std::optional<std::string> instance = {}) {
    const GroupWorld::Join ask{.instance = instance, .protocols = {{"range", subscription({})}}};
    std::string id;
    if (instance) {
      id = join("", {}, instance).member_id;
    } else {
      id = world_.new_member_id(ask);
      EXPECT_EQ(join(id, {}).generation_id, 1);
    }
    world_.sync({.member = id,
                 .generation = world_.group()->generation(),
                 .assignments = {{id, assignment({0, 1, 2, 3})}},
                 .instance = instance});
    EXPECT_TRUE(world_.group()->is_in(GroupState::kStable));
    return id;
  }
  /// The same, and a member of the new protocol has joined it and got half.
  std::string make_mixed_group(ConsumerActor& newcomer) {
    const std::string id = make_classic_group();
    EXPECT_EQ(newcomer.beat(), KafkaError::kNone);
    EXPECT_EQ(join(id, {0, 1, 2, 3}).generation_id, 1);
    EXPECT_EQ(join(id, {}).generation_id, 2);
    world_.sync({.member = id, .generation = 2});
    EXPECT_EQ(newcomer.beat(), KafkaError::kNone);
    EXPECT_THAT(newcomer.owned, SizeIs(2));
    return id;
  }
  void expect_log_says_the_same() {
    EXPECT_EQ(picture_of(world_.replayed()->state()), picture_of(world_.state()));
  }

  GroupWorld world_;
};

TEST_F(Migration, AMemberOfTheNewProtocolMakesAConsumerGroupOfAClassicOne) {
  const std::string classic = make_classic_group();
  ConsumerActor n{world_, "n"};

  EXPECT_EQ(n.beat(), KafkaError::kNone);

  EXPECT_EQ(n.epoch, 2);
  EXPECT_THAT(n.owned, IsEmpty());
  EXPECT_EQ(world_.group(), nullptr);
  ASSERT_NE(world_.consumer_group(), nullptr);
  const auto described = world_.describe_consumer_group();
  EXPECT_EQ(described.group_state, "Reconciling");
  EXPECT_EQ(described.group_epoch, 2);
  ASSERT_THAT(described.members, SizeIs(2));
  for (const auto& member : described.members) {
    EXPECT_EQ(member.member_type, member.member_id == "n" ? 1 : 0);
    EXPECT_EQ(member.member_epoch, member.member_id == "n" ? 2 : 1);
  }
  expect_log_says_the_same();
}

TEST_F(Migration, AClassicMemberIsToldToRejoinUntilItHasWhatItIsToHave) {
  const std::string classic = make_classic_group();
  ConsumerActor n{world_, "n"};
  n.beat();

  EXPECT_EQ(heartbeat(classic, 1), KafkaError::kRebalanceInProgress);
  EXPECT_EQ(heartbeat(classic, 6), KafkaError::kIllegalGeneration);
  EXPECT_EQ(error(world_.synced(world_.sync({.member = classic, .generation = 1})).error_code),
            KafkaError::kRebalanceInProgress);

  // It still has everything: it is told what to keep, and to come back when it has given up the
  // rest.
  const auto& first = join(classic, {0, 1, 2, 3});
  EXPECT_EQ(first.error_code, 0);
  EXPECT_EQ(first.generation_id, 1);
  EXPECT_EQ(first.leader, "");
  EXPECT_EQ(first.protocol_name, "range");
  EXPECT_THAT(first.members, IsEmpty());
  const auto kept =
      partitions_in(world_.synced(world_.sync({.member = classic, .generation = 1})).assignment);
  EXPECT_THAT(kept, SizeIs(2));
  EXPECT_EQ(heartbeat(classic, 1), KafkaError::kRebalanceInProgress);
  EXPECT_EQ(n.beat(), KafkaError::kNone);
  EXPECT_THAT(n.owned, IsEmpty());

  EXPECT_EQ(join(classic, kept).generation_id, 2);
  EXPECT_EQ(
      partitions_in(world_.synced(world_.sync({.member = classic, .generation = 2})).assignment),
      kept);
  EXPECT_EQ(heartbeat(classic, 2), KafkaError::kNone);
  EXPECT_EQ(n.beat(), KafkaError::kNone);
  EXPECT_THAT(n.owned, SizeIs(2));
  EXPECT_EQ(world_.consumer_group()->state(), ConsumerGroupState::kStable);
  expect_log_says_the_same();
}

TEST_F(Migration, AClassicMemberJoinsAConsumerGroup) {
  ConsumerActor n{world_, "n"};
  n.beat();
  const GroupWorld::Join ask{.protocols = {{"range", subscription({})}}};
  const auto& asked = world_.joined(world_.join(ask));
  EXPECT_EQ(error(asked.error_code), KafkaError::kMemberIdRequired);
  const std::string id = asked.member_id;

  EXPECT_EQ(join(id, {}).generation_id, 3);
  EXPECT_THAT(partitions_in(world_.synced(world_.sync({.member = id, .generation = 3})).assignment),
              IsEmpty());
  EXPECT_EQ(heartbeat(id, 3), KafkaError::kNone) << "n has its partitions still";
  EXPECT_EQ(n.beat(), KafkaError::kNone);
  EXPECT_EQ(n.beat(), KafkaError::kNone);
  EXPECT_EQ(heartbeat(id, 3), KafkaError::kRebalanceInProgress) << "now there is something to get";
  EXPECT_EQ(join(id, {}).generation_id, 3);
  EXPECT_THAT(partitions_in(world_.synced(world_.sync({.member = id, .generation = 3})).assignment),
              SizeIs(2));
  EXPECT_EQ(heartbeat(id, 3), KafkaError::kNone);
}

TEST_F(Migration, OnlyConsumersWithACommonProtocolMayJoin) {
  ConsumerActor n{world_, "n"};
  const std::string id = make_mixed_group(n);
  const auto error_of = [&](const GroupWorld::Join& ask) {
    return error(world_.joined(world_.join(ask)).error_code);
  };
  EXPECT_EQ(error_of({.protocols = {{"other", subscription({})}}}),
            KafkaError::kInconsistentGroupProtocol);
  EXPECT_EQ(error_of({.protocols = {{"range", subscription({})}}, .protocol_type = "connect"}),
            KafkaError::kInconsistentGroupProtocol);
  EXPECT_EQ(error_of({.member = id, .protocols = {{"range", "nonsense"}}}),
            KafkaError::kInconsistentGroupProtocol);
}

TEST_F(Migration, MembersSpeakTheProtocolThatTheyJoinedBy) {
  ConsumerActor n{world_, "n"};
  const std::string id = make_mixed_group(n);
  EXPECT_EQ(heartbeat("n", 2), KafkaError::kUnknownMemberId);
  EXPECT_EQ(error(world_.synced(world_.sync({.member = "n", .generation = 2})).error_code),
            KafkaError::kUnknownMemberId);
  const auto commit = [&](std::int32_t generation, std::int32_t partition) {
    return world_.commit_error(world_.commit(
        {.member = id, .generation = generation, .partition = partition, .version = 8}));
  };
  EXPECT_EQ(commit(3, 0), KafkaError::kIllegalGeneration);
  EXPECT_EQ(commit(2, 0), KafkaError::kNone);
  for (std::int32_t partition = 0; partition < 4; ++partition) {
    const bool is_its = n.owned.count(world_.partition_id("t", partition)) == 0;
    EXPECT_EQ(commit(1, partition), is_its ? KafkaError::kNone : KafkaError::kIllegalGeneration)
        << partition;
  }
}

TEST_F(Migration, WhenTheLastMemberOfTheNewProtocolLeavesItIsAClassicGroupAgain) {
  ConsumerActor n{world_, "n"};
  const std::string id = make_mixed_group(n);

  EXPECT_EQ(world_.beat_error({.member = "n", .epoch = -1}), KafkaError::kNone);

  EXPECT_EQ(world_.consumer_group(), nullptr);
  ASSERT_NE(world_.group(), nullptr);
  EXPECT_TRUE(world_.group()->is_in(GroupState::kPreparingRebalance));
  EXPECT_EQ(heartbeat(id, 2), KafkaError::kRebalanceInProgress);
  const auto& again = join(id, {0, 1});
  EXPECT_EQ(again.generation_id, 3);
  EXPECT_EQ(again.leader, id);
  EXPECT_THAT(again.members, SizeIs(1));
  world_.sync({.member = id, .generation = 3, .assignments = {{id, assignment({0, 1, 2, 3})}}});
  EXPECT_TRUE(world_.group()->is_in(GroupState::kStable));
  expect_log_says_the_same();
}

TEST_F(Migration, LeaveGroupTakesOutMembersOfBothProtocols) {
  ConsumerActor n{world_, "n"};
  const std::string id = make_mixed_group(n);
  const auto error_of = [&](const std::string& member) {
    const auto token = world_.leave({{.member = member}});
    return error(world_.answer<wire::LeaveGroupResponse>(token).members.at(0).error_code);
  };
  EXPECT_EQ(error_of("x"), KafkaError::kUnknownMemberId);
  EXPECT_EQ(error_of(id), KafkaError::kNone);
  EXPECT_EQ(world_.consumer_group()->members().size(), 1U);
  EXPECT_EQ(error_of("n"), KafkaError::kNone);
  EXPECT_TRUE(world_.consumer_group()->is_empty());
  expect_log_says_the_same();
}

TEST_F(Migration, ASilentMemberOfTheNewProtocolLeavesAClassicGroupBehind) {
  ConsumerActor n{world_, "n"};
  const std::string id = make_mixed_group(n);
  for (int i = 0; i < 10; ++i) {
    world_.advance(Millis{5'000});
    (void)heartbeat(id, 2);
  }
  EXPECT_EQ(world_.consumer_group(), nullptr);
  ASSERT_NE(world_.group(), nullptr);
  EXPECT_TRUE(world_.group()->members().contains(id));
}

TEST_F(Migration, AClassicMemberThatDoesNotComeBackInTimeIsGone) {
  ConsumerActor n{world_, "n"};
  const std::string id = make_mixed_group(n);
  world_.make_topic("t", 6);
  EXPECT_EQ(n.beat(), KafkaError::kNone);
  for (int i = 0; i < 11; ++i) {
    EXPECT_EQ(heartbeat(id, 2), KafkaError::kRebalanceInProgress);
    EXPECT_EQ(n.beat(), KafkaError::kNone);
    world_.advance(Millis{5'000});
  }
  EXPECT_EQ(heartbeat(id, 2), KafkaError::kRebalanceInProgress);
  world_.advance(Millis{5'000});
  EXPECT_EQ(heartbeat(id, 2), KafkaError::kUnknownMemberId) << "its rebalance time-out is a minute";
}

TEST_F(Migration, AStaticMemberMayComeBackByTheOtherProtocol) {
  const std::string classic = make_classic_group("i");
  ConsumerActor n{world_, "n", {"t"}, "i"};
  EXPECT_EQ(n.beat(), KafkaError::kNone);
  EXPECT_THAT(n.owned, SizeIs(4)) << "it takes its own place";
  EXPECT_EQ(world_.consumer_group()->members().size(), 1U);

  // And back: as it was the last of the new protocol, the group is a classic one at once.
  const auto& back = join("", {}, "i");
  EXPECT_EQ(back.error_code, 0);
  EXPECT_EQ(world_.consumer_group(), nullptr);
  ASSERT_NE(world_.group(), nullptr);
  EXPECT_TRUE(world_.group()->is_in(GroupState::kStable));
  const auto& synced = world_.synced(
      world_.sync({.member = back.member_id, .generation = back.generation_id, .instance = "i"}));
  EXPECT_THAT(partitions_in(synced.assignment), SizeIs(4));
  expect_log_says_the_same();
}

TEST_F(Migration, AnEmptyConsumerGroupMakesWayForAClassicOneAndItsOffsetsStay) {
  ConsumerActor n{world_, "n"};
  n.beat();
  world_.commit({.member = "n", .generation = 2, .offset = 7});
  world_.beat({.member = "n", .epoch = -1});

  make_classic_group();
  EXPECT_EQ(world_.consumer_group(), nullptr);
  EXPECT_EQ(world_.committed("g"), 7);
  expect_log_says_the_same();
}

TEST_F(Migration, ThoseWhoWaitInAClassicGroupAreSentBackToJoin) {
  const std::string first = make_classic_group();
  const std::string second = world_.new_member_id({.protocols = {{"range", subscription({})}}});
  const auto waits = world_.join({.member = second, .protocols = {{"range", subscription({})}}});
  EXPECT_FALSE(world_.is_answered(waits));

  ConsumerActor n{world_, "n"};
  EXPECT_EQ(n.beat(), KafkaError::kNone);
  EXPECT_EQ(error(world_.joined(waits).error_code), KafkaError::kRebalanceInProgress);
  EXPECT_EQ(world_.consumer_group()->members().size(), 3U);
}

TEST_F(Migration, AGroupThatIsNoneOfConsumersStaysClassic) {
  const std::string id = world_.new_member_id({.protocol_type = "connect"});
  world_.join({.member = id, .protocol_type = "connect"});
  EXPECT_EQ(world_.beat_error({.member = "n"}), KafkaError::kGroupIdNotFound);
  EXPECT_NE(world_.group(), nullptr);
  EXPECT_EQ(world_.consumer_group(), nullptr);
}

TEST_F(Migration, AGroupWhoseMembersSaidNonsenseStaysClassic) {
  world_.make_stable(1);
  EXPECT_EQ(world_.beat_error({.member = "n"}), KafkaError::kGroupIdNotFound);
  EXPECT_TRUE(world_.group()->is_in(GroupState::kStable));
}

class MigrationPolicyTest : public Migration, public testing::WithParamInterface<MigrationPolicy> {
 protected:
  MigrationPolicyTest() : Migration({.migration_policy = GetParam()}) {}
};

TEST_P(MigrationPolicyTest, SaysWhichWayAGroupMayGo) {
  const bool may_upgrade = GetParam() == MigrationPolicy::kUpgrade;
  make_classic_group();
  EXPECT_EQ(world_.beat_error({.member = "n"}),
            may_upgrade ? KafkaError::kNone : KafkaError::kGroupIdNotFound);

  // Joining by the classic protocol is no question of policy; going back is.
  const bool may_go_back = GetParam() == MigrationPolicy::kDowngrade;
  ASSERT_EQ(world_.beat_error({.group = "h", .member = "n"}), KafkaError::kNone);
  const GroupWorld::Join ask{.group = "h", .protocols = {{"range", subscription({})}}};
  const std::string id = world_.new_member_id(ask);
  world_.join({.group = "h", .member = id, .protocols = {{"range", subscription({})}}});
  world_.beat({.group = "h", .member = "n", .epoch = -1});
  EXPECT_EQ(world_.group("h") != nullptr, may_go_back);
  EXPECT_EQ(world_.consumer_group("h") != nullptr, !may_go_back);
}

INSTANTIATE_TEST_SUITE_P(OneWay, MigrationPolicyTest,
                         testing::Values(MigrationPolicy::kDisabled, MigrationPolicy::kUpgrade,
                                         MigrationPolicy::kDowngrade));

}  // namespace
}  // namespace millrace::broker
