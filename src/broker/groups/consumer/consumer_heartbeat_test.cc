#include "broker/groups/consumer/consumer_heartbeat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/groups/consumer/consumer_actor.h"

namespace millrace::broker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using wire::KafkaError;
using Beat = GroupWorld::Beat;

class ConsumerHeartbeat : public testing::Test {
 protected:
  ConsumerHeartbeat() { world_.make_topic("t", 4); }

  /// Beats of all until nobody has anything left to hear.
  void settle(std::vector<ConsumerActor*> actors) {
    for (int round = 0; round < 6; ++round) {
      for (ConsumerActor* const actor : actors) EXPECT_EQ(actor->beat(), KafkaError::kNone);
    }
  }
  const ConsumerMember& member(const std::string& id) { return *world_.consumer_group()->find(id); }
  TopicIdPartition t(std::int32_t partition) { return world_.partition_id("t", partition); }

  GroupWorld world_;
};

TEST_F(ConsumerHeartbeat, TheFirstMemberGetsEverythingAtOnce) {
  const auto& answer = world_.beaten(world_.beat({.member = "a"}));

  EXPECT_EQ(answer.error_code, 0);
  EXPECT_EQ(answer.member_id, "a");
  EXPECT_EQ(answer.member_epoch, 2);
  EXPECT_EQ(answer.heartbeat_interval_ms, 5'000);
  ASSERT_TRUE(answer.assignment);
  ASSERT_THAT(answer.assignment->topic_partitions, SizeIs(1));
  EXPECT_EQ(answer.assignment->topic_partitions[0].topic_id, world_.topics().find("t")->id);
  EXPECT_THAT(answer.assignment->topic_partitions[0].partitions, ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(world_.consumer_group()->state(), ConsumerGroupState::kStable);
}

TEST_F(ConsumerHeartbeat, AMemberWithoutAnIdGetsOneInVersion0) {
  const auto& answer = world_.beaten(world_.beat({.version = 0}));

  EXPECT_EQ(answer.error_code, 0);
  ASSERT_TRUE(answer.member_id);
  EXPECT_THAT(*answer.member_id, SizeIs(22));
  EXPECT_EQ(world_.beat_error({.member = "", .version = 1}), KafkaError::kInvalidRequest);
}

TEST_F(ConsumerHeartbeat, APartitionMovesOnlyWhenItsOwnerHasGivenItUp) {
  ConsumerActor a{world_, "a"};
  a.beat();
  ConsumerActor b{world_, "b"};

  // Half of the partitions are to be b's, and a has them all.
  EXPECT_EQ(b.beat(), KafkaError::kNone);
  EXPECT_THAT(b.owned, IsEmpty());
  EXPECT_EQ(b.epoch, 3);
  EXPECT_EQ(member("b").state, MemberState::kUnreleasedPartitions);
  EXPECT_EQ(world_.consumer_group()->state(), ConsumerGroupState::kReconciling);

  // a is told, and stays in its epoch until it says that it has given up its half.
  const auto token = world_.beat({.member = "a", .epoch = 2});
  EXPECT_EQ(world_.beaten(token).member_epoch, 2);
  const Partitions kept = partitions_of(world_.beaten(token).assignment->topic_partitions);
  EXPECT_THAT(kept, SizeIs(2));
  EXPECT_EQ(member("a").state, MemberState::kUnrevokedPartitions);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(b.beat(), KafkaError::kNone);
    EXPECT_EQ(world_.beat_error({.member = "a", .epoch = 2}), KafkaError::kNone);
    EXPECT_EQ(
        world_.beat_error({.member = "a", .epoch = 2, .owned = Partitions{t(0), t(1), t(2), t(3)}}),
        KafkaError::kNone);
  }
  EXPECT_THAT(b.owned, IsEmpty());

  a.owned = kept;
  a.has_news = true;
  EXPECT_EQ(a.beat(), KafkaError::kNone);
  EXPECT_EQ(a.epoch, 3);
  EXPECT_EQ(b.beat(), KafkaError::kNone);
  EXPECT_THAT(b.owned, SizeIs(2));
  for (const TopicIdPartition& partition : b.owned) EXPECT_FALSE(kept.contains(partition));
  EXPECT_EQ(world_.consumer_group()->state(), ConsumerGroupState::kStable);
}

TEST_F(ConsumerHeartbeat, TheAssignmentIsToldWhenItHasChangedOrAllIsAsked) {
  ConsumerActor a{world_, "a"};
  a.beat();

  EXPECT_FALSE(world_.beaten(world_.beat({.member = "a", .epoch = 2})).assignment);
  EXPECT_FALSE(
      world_.beaten(world_.beat({.member = "a", .epoch = 2, .owned = a.owned})).assignment);
  const Beat everything{.member = "a",
                        .epoch = 2,
                        .topics = {{"t"}},
                        .owned = a.owned,
                        .rebalance_timeout_ms = 60'000};
  EXPECT_TRUE(world_.beaten(world_.beat(everything)).assignment);
}

TEST_F(ConsumerHeartbeat, AMemberOfAnotherEpochIsFenced) {
  ConsumerActor a{world_, "a"};
  ConsumerActor b{world_, "b"};
  settle({&a, &b});
  ASSERT_EQ(a.epoch, 3);
  ASSERT_EQ(member("a").previous_epoch, 2);
  const TopicIdPartition its_own = *a.owned.begin();
  const TopicIdPartition anothers = *b.owned.begin();

  struct Case {
    std::string_view what;
    Beat beat;
    KafkaError error;
  };
  const std::vector<Case> cases{
      {"its epoch", {.member = "a", .epoch = 3}, KafkaError::kNone},
      {"a later one", {.member = "a", .epoch = 4}, KafkaError::kFencedMemberEpoch},
      {"the one before, with what it has",
       {.member = "a", .epoch = 2, .owned = Partitions{its_own}},
       KafkaError::kNone},
      {"the one before, with nothing",
       {.member = "a", .epoch = 2, .owned = Partitions{}},
       KafkaError::kNone},
      {"the one before, with what it has not",
       {.member = "a", .epoch = 2, .owned = Partitions{its_own, anothers}},
       KafkaError::kFencedMemberEpoch},
      {"the one before, without a word of what it has",
       {.member = "a", .epoch = 2},
       KafkaError::kFencedMemberEpoch},
      {"nobody's", {.member = "x", .epoch = 3}, KafkaError::kUnknownMemberId},
      {"of no group", {.group = "h", .member = "a", .epoch = 3}, KafkaError::kGroupIdNotFound},
  };
  for (const Case& each : cases) EXPECT_EQ(world_.beat_error(each.beat), each.error) << each.what;
}

TEST_F(ConsumerHeartbeat, AMemberThatJoinsAgainHasWhatItHad) {
  ConsumerActor a{world_, "a"};
  ConsumerActor b{world_, "b"};
  settle({&a, &b});
  world_.make_topic("t", 6);
  settle({&a, &b});
  const std::int32_t epoch = world_.consumer_group()->epoch();
  const Partitions before = a.owned;
  EXPECT_EQ(world_.beat_error({.member = "a", .epoch = 1}), KafkaError::kFencedMemberEpoch);

  ConsumerActor again{world_, "a"};
  EXPECT_EQ(again.beat(), KafkaError::kNone);

  EXPECT_EQ(again.owned, before);
  EXPECT_EQ(again.epoch, epoch);
  EXPECT_EQ(world_.consumer_group()->epoch(), epoch) << "nobody else has to know";
}

TEST_F(ConsumerHeartbeat, AnotherAssignorDealsAnew) {
  ConsumerActor a{world_, "a"};
  settle({&a});
  const auto& same = world_.beaten(world_.beat({.member = "a", .epoch = 2, .topics = {{"t"}}}));
  EXPECT_EQ(same.member_epoch, 2) << "what it wanted already";
  const auto& other = world_.beaten(world_.beat({.member = "a", .epoch = 2, .assignor = "range"}));
  EXPECT_EQ(other.member_epoch, 3);
}

TEST_F(ConsumerHeartbeat, RequestsThatContradictThemselvesAreRefused) {
  struct Case {
    std::string_view what;
    Beat beat;
    KafkaError error;
  };
  const std::optional<Partitions> nothing = Partitions{};
  const std::vector<Case> cases{
      {"no group", {.group = "", .member = "a"}, KafkaError::kInvalidRequest},
      {"a blank group", {.group = "  ", .member = "a"}, KafkaError::kInvalidRequest},
      {"an empty instance", {.member = "a", .instance = ""}, KafkaError::kInvalidRequest},
      {"an empty rack", {.member = "a", .rack = ""}, KafkaError::kInvalidRequest},
      {"no member", {.epoch = 1}, KafkaError::kInvalidRequest},
      {"an epoch below -2", {.member = "a", .epoch = -3}, KafkaError::kInvalidRequest},
      {"-2 of a dynamic member", {.member = "a", .epoch = -2}, KafkaError::kInvalidRequest},
      {"who joins says no time-out",
       {.member = "a", .topics = {{"t"}}, .owned = nothing, .is_bare = true},
       KafkaError::kInvalidRequest},
      {"who joins does not say that it owns nothing",
       {.member = "a", .topics = {{"t"}}, .rebalance_timeout_ms = 1, .is_bare = true},
       KafkaError::kInvalidRequest},
      {"who joins owns something",
       {.member = "a", .topics = {{"t"}}, .owned = Partitions{t(0)}, .rebalance_timeout_ms = 1},
       KafkaError::kInvalidRequest},
      {"who joins has no subscription",
       {.member = "a", .owned = nothing, .rebalance_timeout_ms = 1, .is_bare = true},
       KafkaError::kInvalidRequest},
      {"an assignor that nobody knows",
       {.member = "a", .assignor = "cleverest"},
       KafkaError::kUnsupportedAssignor},
      {"an expression that is none",
       {.member = "a", .regex = "t("},
       KafkaError::kInvalidRegularExpression},
      {"a text that no record holds",
       {.member = std::string(40'000, 'a')},
       KafkaError::kInvalidRequest},
      {"more topics than a record holds",
       {.member = "a", .topics = std::vector<std::string>(30, std::string(30'000, 't'))},
       KafkaError::kInvalidRequest},
  };
  for (const Case& each : cases) EXPECT_EQ(world_.beat_error(each.beat), each.error) << each.what;
  EXPECT_EQ(world_.consumer_group(), nullptr);
}

TEST_F(ConsumerHeartbeat, AMemberMayWantNothing) {
  const auto& answer =
      world_.beaten(world_.beat({.member = "a", .topics = std::vector<std::string>{}}));
  EXPECT_EQ(answer.error_code, 0);
  EXPECT_EQ(answer.member_epoch, 1);
  ASSERT_TRUE(answer.assignment);
  EXPECT_THAT(answer.assignment->topic_partitions, IsEmpty());

  const auto& changed =
      world_.beaten(world_.beat({.member = "a", .epoch = answer.member_epoch, .topics = {{"t"}}}));
  EXPECT_EQ(changed.member_epoch, answer.member_epoch + 1);
  EXPECT_TRUE(changed.assignment);
}

TEST_F(ConsumerHeartbeat, AMemberThatLeavesMakesRoomAtOnce) {
  ConsumerActor a{world_, "a"};
  ConsumerActor b{world_, "b"};
  settle({&a, &b});

  const auto& left = world_.beaten(world_.beat({.member = "a", .epoch = -1}));
  EXPECT_EQ(left.error_code, 0);
  EXPECT_EQ(left.member_id, "a");
  EXPECT_EQ(left.member_epoch, -1);
  EXPECT_EQ(b.beat(), KafkaError::kNone);
  EXPECT_THAT(b.owned, SizeIs(4));
  EXPECT_EQ(world_.beat_error({.member = "a", .epoch = -1}), KafkaError::kUnknownMemberId);
  EXPECT_EQ(world_.beat_error({.member = "b", .epoch = -1}), KafkaError::kNone);
  EXPECT_EQ(world_.consumer_group()->state(), ConsumerGroupState::kEmpty);
  EXPECT_EQ(world_.beat_error({.group = "h", .member = "a", .epoch = -1}),
            KafkaError::kGroupIdNotFound);
}

TEST_F(ConsumerHeartbeat, AStaticMemberThatComesBackHasWhatItHad) {
  ConsumerActor a{world_, "a", {"t"}, "i"};
  ConsumerActor b{world_, "b"};
  settle({&a, &b});
  const Partitions before = a.owned;
  const std::int32_t epoch = world_.consumer_group()->epoch();

  const auto& left = world_.beaten(world_.beat({.member = "a", .epoch = -2, .instance = "i"}));
  EXPECT_EQ(left.member_epoch, -2);
  EXPECT_EQ(b.beat(), KafkaError::kNone);
  EXPECT_THAT(b.owned, SizeIs(2));
  ConsumerActor again{world_, "a2", {"t"}, "i"};
  EXPECT_EQ(again.beat(), KafkaError::kNone);

  EXPECT_EQ(again.owned, before);
  EXPECT_EQ(again.epoch, epoch);
  EXPECT_EQ(world_.consumer_group()->epoch(), epoch) << "nobody else has to know";
  EXPECT_EQ(world_.consumer_group()->find("a"), nullptr);
}

TEST_F(ConsumerHeartbeat, AStaticMemberIsFencedByItsInstance) {
  ConsumerActor a{world_, "a", {"t"}, "i"};
  a.beat();

  EXPECT_EQ(world_.beat_error({.member = "b", .instance = "i"}), KafkaError::kUnreleasedInstanceId);
  EXPECT_EQ(world_.beat_error({.member = "b", .epoch = 1, .instance = "i"}),
            KafkaError::kFencedInstanceId);
  EXPECT_EQ(world_.beat_error({.member = "b", .epoch = -1, .instance = "i"}),
            KafkaError::kFencedInstanceId);
  EXPECT_EQ(world_.beat_error({.member = "a", .epoch = 1, .instance = "j"}),
            KafkaError::kUnknownMemberId);
  EXPECT_EQ(world_.beat_error({.member = "a", .epoch = -2, .instance = "j"}),
            KafkaError::kUnknownMemberId);
}

TEST_F(ConsumerHeartbeat, AStaticMemberThatStaysAwayLosesItsPlace) {
  ConsumerActor a{world_, "a", {"t"}, "i"};
  a.beat();
  world_.beat({.member = "a", .epoch = -2, .instance = "i"});

  world_.advance(Millis{44'999});
  EXPECT_NE(world_.consumer_group()->find("a"), nullptr);
  world_.advance(Millis{1});
  EXPECT_EQ(world_.consumer_group()->find("a"), nullptr);
}

TEST_F(ConsumerHeartbeat, WhoIsSilentForLongerThanItsSessionIsGone) {
  ConsumerActor a{world_, "a"};
  ConsumerActor b{world_, "b"};
  settle({&a, &b});
  for (int i = 0; i < 10; ++i) {
    world_.advance(Millis{5'000});
    EXPECT_EQ(b.beat(), KafkaError::kNone);
  }
  EXPECT_EQ(world_.consumer_group()->find("a"), nullptr);
  EXPECT_EQ(b.beat(), KafkaError::kNone);
  EXPECT_THAT(b.owned, SizeIs(4));
  EXPECT_EQ(a.beat(), KafkaError::kUnknownMemberId);
}

TEST_F(ConsumerHeartbeat, WhoDoesNotGiveUpItsPartitionsInTimeIsGone) {
  ConsumerActor a{world_, "a"};
  a.rebalance_timeout_ms = 20'000;
  a.beat();
  ConsumerActor b{world_, "b"};
  b.beat();
  EXPECT_EQ(world_.beat_error({.member = "a", .epoch = 2}), KafkaError::kNone);

  for (int i = 0; i < 19; ++i) {
    world_.advance(Millis{1'000});
    EXPECT_EQ(world_.beat_error({.member = "a", .epoch = 2}), KafkaError::kNone);
    EXPECT_EQ(b.beat(), KafkaError::kNone);
  }
  world_.advance(Millis{1'000});
  EXPECT_EQ(world_.beat_error({.member = "a", .epoch = 2}), KafkaError::kUnknownMemberId);
  EXPECT_EQ(b.beat(), KafkaError::kNone);
  EXPECT_THAT(b.owned, SizeIs(4));
}

TEST_F(ConsumerHeartbeat, AFullGroupTakesNoMore) {
  GroupWorld world({.consumer_group_size_max = 2});
  world.make_topic("t", 4);
  EXPECT_EQ(world.beat_error({.member = "a"}), KafkaError::kNone);
  EXPECT_EQ(world.beat_error({.member = "b"}), KafkaError::kNone);
  EXPECT_EQ(world.beat_error({.member = "c"}), KafkaError::kGroupMaxSizeReached);
  EXPECT_EQ(world.beat_error({.member = "b", .epoch = 3}), KafkaError::kNone);
}

TEST_F(ConsumerHeartbeat, NewPartitionsAndTopicsAreDealtWithTheNextBeat) {
  ConsumerActor a{world_, "a", {"t", "u"}};
  EXPECT_EQ(a.beat(), KafkaError::kNone);
  EXPECT_THAT(a.owned, SizeIs(4));

  world_.make_topic("t", 6);
  EXPECT_EQ(a.beat(), KafkaError::kNone);
  EXPECT_THAT(a.owned, SizeIs(6));
  EXPECT_EQ(a.epoch, 3);
  world_.make_topic("u", 1);
  EXPECT_EQ(a.beat(), KafkaError::kNone);
  EXPECT_THAT(a.owned, SizeIs(7));
  world_.make_topic("other", 1);
  EXPECT_EQ(a.beat(), KafkaError::kNone);
  EXPECT_EQ(a.epoch, 4) << "a topic that nobody wants changes nothing";
}

TEST_F(ConsumerHeartbeat, ATopicThatIsDeletedIsGivenUpAndOneMadeAgainIsAnother) {
  ConsumerActor a{world_, "a"};
  a.beat();
  const Partitions before = a.owned;

  world_.delete_topic("t");
  settle({&a});
  EXPECT_THAT(a.owned, IsEmpty());
  world_.make_topic("t", 4);
  settle({&a});
  EXPECT_THAT(a.owned, SizeIs(4));
  EXPECT_NE(a.owned, before);
}

TEST_F(ConsumerHeartbeat, ARegularExpressionStandsForTheTopicsThatItMatchesWhole) {
  world_.make_topic("orders-eu", 1);
  world_.make_topic("orders-us", 1);
  world_.make_topic("old-orders-us", 1);
  world_.make_topic("__consumer_offsets", 1);
  ConsumerActor a{world_, "a", {}, {}, 60'000, "orders-.*"};

  EXPECT_EQ(a.beat(), KafkaError::kNone);
  EXPECT_EQ(a.owned,
            (Partitions{world_.partition_id("orders-eu", 0), world_.partition_id("orders-us", 0)}));
  world_.make_topic("orders-asia", 1);
  EXPECT_EQ(a.beat(), KafkaError::kNone);
  EXPECT_THAT(a.owned, SizeIs(3));
  EXPECT_TRUE(world_.consumer_group()->is_subscribed_to("orders-asia"));

  a.regex = "";
  a.topics = {"t"};
  a.has_news = true;
  settle({&a});
  EXPECT_THAT(a.owned, SizeIs(4));
  EXPECT_THAT(world_.consumer_group()->regexes(), IsEmpty());
  // Also the brokers' own: as in Kafka, who says so reads them.
  ConsumerActor everything{world_, "b", {}, {}, 60'000, ".*"};
  settle({&a, &everything});
  EXPECT_TRUE(world_.consumer_group()->is_subscribed_to("__consumer_offsets"));
}

TEST_F(ConsumerHeartbeat, TheAssignorThatMostAskForDeals) {
  world_.make_topic("u", 3);
  ConsumerActor a{world_, "a", {"t", "u"}};
  ConsumerActor b{world_, "b", {"t", "u"}};
  a.assignor = b.assignor = "range";
  settle({&a, &b});

  EXPECT_EQ(world_.describe_consumer_group().assignor_name, "range");
  EXPECT_THAT(a.owned, SizeIs(4));  // two of t, and two of the three of u
  EXPECT_THAT(b.owned, SizeIs(3));
  ConsumerActor c{world_, "c", {"t", "u"}};
  c.assignor = "uniform";
  ConsumerActor d{world_, "d", {"t", "u"}};
  settle({&a, &b, &c, &d});
  EXPECT_EQ(world_.describe_consumer_group().assignor_name, "range");
  world_.beat({.member = "a", .epoch = -1});
  world_.beat({.member = "b", .epoch = -1});
  EXPECT_EQ(world_.describe_consumer_group().assignor_name, "uniform");
}

TEST_F(ConsumerHeartbeat, IsAnsweredOnceWhatItSaysIsInTheLog) {
  world_.holds_appends = true;
  const auto joins = world_.beat({.member = "a"});
  EXPECT_FALSE(world_.is_answered(joins));
  const auto follows = world_.beat({.member = "a", .epoch = 2});
  EXPECT_FALSE(world_.is_answered(follows)) << "it may not hear of an epoch before the log has it";

  world_.acknowledge();
  EXPECT_EQ(world_.beaten(joins).member_epoch, 2);
  EXPECT_EQ(world_.beaten(follows).error_code, 0);
  EXPECT_TRUE(world_.is_answered(world_.beat({.member = "a", .epoch = 2})));
}

TEST_F(ConsumerHeartbeat, WhatTheLogRefusesIsWrittenWithTheNextBeat) {
  world_.holds_appends = true;
  const auto first = world_.beat({.member = "a"});
  const auto second = world_.beat({.member = "b"});
  world_.acknowledge(KafkaError::kNotEnoughReplicas);
  world_.acknowledge();

  EXPECT_EQ(world_.beaten(first).error_code, code_of(KafkaError::kCoordinatorNotAvailable));
  EXPECT_EQ(world_.beaten(second).error_code, code_of(KafkaError::kCoordinatorNotAvailable));
  EXPECT_NE(picture_of(world_.replayed()->state()), picture_of(world_.state()));
  const auto third = world_.beat({.member = "b", .epoch = 3});
  world_.acknowledge_all();
  EXPECT_EQ(world_.beaten(third).error_code, 0);
  EXPECT_EQ(picture_of(world_.replayed()->state()), picture_of(world_.state()));
}

TEST_F(ConsumerHeartbeat, AClassicGroupWithoutMembersMakesWayAndItsOffsetsStay) {
  const auto members = world_.make_stable(1);
  world_.commit({.member = members[0], .generation = 1, .offset = 7});
  EXPECT_EQ(world_.beat_error({.member = "a", .epoch = 1}), KafkaError::kGroupIdNotFound);
  world_.leave({{.member = members[0]}});

  EXPECT_EQ(world_.beat_error({.member = "a"}), KafkaError::kNone);
  EXPECT_EQ(world_.group(), nullptr);
  EXPECT_EQ(world_.committed("g"), 7);
  EXPECT_EQ(picture_of(world_.replayed()->state()), picture_of(world_.state()));
}

TEST_F(ConsumerHeartbeat, AGroupIsTheSameAfterARestart) {
  world_.make_topic("orders-eu", 3);
  ConsumerActor a{world_, "a"};
  ConsumerActor b{world_, "b", {"t"}, "i"};
  ConsumerActor c{world_, "c", {}, {}, 1'000, "orders.*"};
  c.assignor = "range";
  settle({&a, &b, &c});
  ConsumerActor d{world_, "d"};
  d.beat();
  EXPECT_EQ(a.beat(), KafkaError::kNone);  // a or b has something to give up now
  const std::string before = picture_of(world_.state());

  world_.restart();
  EXPECT_EQ(picture_of(world_.state()), before);
  settle({&a, &b, &c, &d});
  world_.advance(Millis{45'001});
  EXPECT_EQ(world_.consumer_group()->state(), ConsumerGroupState::kEmpty);
  EXPECT_EQ(picture_of(world_.replayed()->state()), picture_of(world_.state()));
}

}  // namespace
}  // namespace millrace::broker
