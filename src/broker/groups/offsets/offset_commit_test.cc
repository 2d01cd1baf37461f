#include <gtest/gtest.h>

#include "broker/groups/group_world.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;

TEST(OffsetCommit, OfASimpleConsumerNeedsNoMembership) {
  GroupWorld world;

  const auto token = world.commit({.offset = 7, .metadata = "note", .leader_epoch = 3});

  EXPECT_EQ(world.commit_error(token), KafkaError::kNone);
  const CommittedOffset* const found = world.state().offsets.find("g", "t", 0);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->commit, (OffsetAndMetadata{Offset{7}, LeaderEpoch{3}, "note"}));
  EXPECT_EQ(found->committed_at, world.now().wall);
  EXPECT_TRUE(world.group()->is_in(GroupState::kEmpty));
  EXPECT_EQ(world.group()->protocol_type(), std::nullopt);
}

TEST(OffsetCommit, IsRefusedToThoseWhoMayNot) {
  GroupWorld world;
  const auto members = world.make_stable(1);
  struct Case {
    std::string_view what;
    GroupWorld::Commit commit;
    KafkaError error;
  };
  const std::vector<Case> cases{
      {"a member", {.member = members[0], .generation = 1}, KafkaError::kNone},
      {"nobody, while there are members", {}, KafkaError::kUnknownMemberId},
      {"an unknown member", {.member = "x", .generation = 1}, KafkaError::kUnknownMemberId},
      {"an unknown instance",
       {.member = members[0], .generation = 1, .instance = "i"},
       KafkaError::kUnknownMemberId},
      {"an old generation",
       {.member = members[0], .generation = 0},
       KafkaError::kIllegalGeneration},
      {"a member without generation",
       {.member = members[0], .generation = -1},
       KafkaError::kIllegalGeneration},
      {"a generation without member", {.generation = 1}, KafkaError::kUnknownMemberId},
      {"a member of an unknown group, v9",
       {.group = "h", .member = "x", .generation = 1, .version = 9},
       KafkaError::kGroupIdNotFound},
      {"a member of an unknown group, v8",
       {.group = "h", .member = "x", .generation = 1, .version = 8},
       KafkaError::kIllegalGeneration},
      {"a group id no record can hold",
       {.group = std::string(40'000, 'g')},
       KafkaError::kInvalidGroupId},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(world.commit_error(world.commit(each.commit)), each.error) << each.what;
  }
}

TEST(OffsetCommit, MustWaitBetweenJoinAndAssignment) {
  GroupWorld world;
  const std::string a = world.new_member_id({});
  world.join({.member = a});

  EXPECT_EQ(world.commit_error(world.commit({.member = a, .generation = 1})),
            KafkaError::kRebalanceInProgress);
}

TEST(OffsetCommit, OfTheOldGenerationIsTakenWhileMembersRejoin) {
  GroupWorld world;
  const auto members = world.make_stable(2);
  const std::int32_t generation = world.group()->generation();
  world.join({.member = members[0]});

  EXPECT_EQ(world.commit_error(
                world.commit({.member = members[1], .generation = generation, .offset = 5})),
            KafkaError::kNone);
  EXPECT_EQ(world.committed("g"), 5);
}

TEST(OffsetCommit, LimitsItsMetadata) {
  GroupWorld world({.offset_metadata_bytes_max = 8});

  EXPECT_EQ(world.commit_error(world.commit({.metadata = "12345678"})), KafkaError::kNone);
  EXPECT_EQ(world.commit_error(world.commit({.offset = 9, .metadata = "123456789"})),
            KafkaError::kOffsetMetadataTooLarge);
  EXPECT_EQ(world.committed("g"), 0);
  EXPECT_EQ(world.commit_error(world.commit({.offset = 10, .metadata = std::nullopt})),
            KafkaError::kNone);
  EXPECT_EQ(world.committed("g"), 10);
}

TEST(OffsetCommit, IsAnsweredAndCountsOnlyOnceItIsInTheLog) {
  GroupWorld world;
  world.holds_appends = true;
  const auto token = world.commit({.offset = 5});
  EXPECT_FALSE(world.is_answered(token));
  EXPECT_EQ(world.committed("g"), -1);

  world.acknowledge();

  EXPECT_EQ(world.commit_error(token), KafkaError::kNone);
  EXPECT_EQ(world.committed("g"), 5);
}

TEST(OffsetCommit, TranslatesTheErrorsOfTheLog) {
  const std::vector<std::pair<KafkaError, KafkaError>> cases{
      {KafkaError::kUnknownTopicOrPartition, KafkaError::kCoordinatorNotAvailable},
      {KafkaError::kNotEnoughReplicas, KafkaError::kCoordinatorNotAvailable},
      {KafkaError::kRequestTimedOut, KafkaError::kCoordinatorNotAvailable},
      {KafkaError::kNotLeaderOrFollower, KafkaError::kNotCoordinator},
      {KafkaError::kKafkaStorageError, KafkaError::kNotCoordinator},
      {KafkaError::kMessageTooLarge, KafkaError::kInvalidCommitOffsetSize},
      {KafkaError::kUnknownServerError, KafkaError::kUnknownServerError},
  };
  for (const auto& [from_log, to_client] : cases) {
    GroupWorld world;
    world.holds_appends = true;
    const auto token = world.commit({.offset = 5});
    world.acknowledge(from_log);
    EXPECT_EQ(world.commit_error(token), to_client) << wire::kafka_error_name(from_log);
    EXPECT_EQ(world.committed("g"), -1);
  }
}

wire::OffsetFetchRequest ask_one_group(std::optional<std::vector<std::int32_t>> partitions) {
  wire::OffsetFetchRequest request;
  request.group_id = "g";
  request.topics.reset();
  if (partitions) {
    request.topics.emplace();
    request.topics->push_back({"t", *partitions});
  }
  return request;
}

TEST(OffsetFetch, SaysMinusOneWhereNothingWasCommitted) {
  GroupWorld world;
  world.commit({.partition = 1, .offset = 11, .metadata = "m", .leader_epoch = 2});

  const auto token = world.fetch(ask_one_group({{0, 1}}), 7);

  const auto& topics = world.answer<wire::OffsetFetchResponse>(token).topics;
  ASSERT_EQ(topics.size(), 1U);
  ASSERT_EQ(topics[0].partitions.size(), 2U);
  EXPECT_EQ(topics[0].partitions[0].committed_offset, -1);
  EXPECT_EQ(topics[0].partitions[0].error_code, 0);
  EXPECT_EQ(topics[0].partitions[1].committed_offset, 11);
  EXPECT_EQ(topics[0].partitions[1].metadata, "m");
  EXPECT_EQ(topics[0].partitions[1].committed_leader_epoch, 2);
}

TEST(OffsetFetch, OfAllTopicsGivesWhatWasCommitted) {
  GroupWorld world;
  world.commit({.topic = "t", .partition = 1, .offset = 11});
  world.commit({.topic = "u", .partition = 0, .offset = 22});
  world.commit({.group = "other", .topic = "v", .offset = 33});

  const auto token = world.fetch(ask_one_group(std::nullopt), 7);

  const auto& topics = world.answer<wire::OffsetFetchResponse>(token).topics;
  ASSERT_EQ(topics.size(), 2U);
  EXPECT_EQ(topics[0].name, "t");
  EXPECT_EQ(topics[1].name, "u");
  EXPECT_EQ(topics[1].partitions.at(0).committed_offset, 22);
}

TEST(OffsetFetch, OfUnknownGroupsIsNoError) {
  GroupWorld world;
  const auto all = world.fetch(ask_one_group(std::nullopt), 7);
  EXPECT_EQ(world.answer<wire::OffsetFetchResponse>(all).error_code, 0);
  EXPECT_TRUE(world.answer<wire::OffsetFetchResponse>(all).topics.empty());
}

TEST(OffsetFetch, WaitsForCommitsOnTheirWayWhenItMustBeStable) {
  GroupWorld world;
  world.commit({.offset = 1});
  world.holds_appends = true;
  world.commit({.offset = 2});
  auto request = ask_one_group({{0}});
  const auto at_once = world.fetch(request, 7);
  request.require_stable = true;
  const auto waits = world.fetch(request, 7);
  request.group_id = "other";
  const auto of_other = world.fetch(request, 7);

  const auto offset = [&](RequestToken token) {
    return world.answer<wire::OffsetFetchResponse>(token).topics[0].partitions[0].committed_offset;
  };
  EXPECT_EQ(offset(at_once), 1);
  EXPECT_EQ(offset(of_other), -1);
  EXPECT_FALSE(world.is_answered(waits));
  world.acknowledge();
  EXPECT_EQ(offset(waits), 2);
}

TEST(OffsetFetch, DoesNotWaitForCommitsThatComeAfterIt) {
  GroupWorld world;
  world.holds_appends = true;
  world.commit({.offset = 1});
  world.commit({.offset = 2});
  auto request = ask_one_group({{0}});
  request.require_stable = true;
  const auto stable = world.fetch(request, 7);
  world.commit({.offset = 3});

  world.acknowledge();
  EXPECT_FALSE(world.is_answered(stable)) << "the second is on its way";
  world.acknowledge();
  ASSERT_TRUE(world.is_answered(stable)) << "the third came later";
  const auto& topics = world.answer<wire::OffsetFetchResponse>(stable).topics;
  EXPECT_EQ(topics.at(0).partitions.at(0).committed_offset, 2);
}

TEST(OffsetFetch, AnswersForSeveralGroupsFromVersion8On) {
  GroupWorld world;
  world.commit({.group = "a", .offset = 1});
  world.commit({.group = "b", .offset = 2});
  wire::OffsetFetchRequest request;
  for (const char* const id : {"a", "b", "c"}) {
    auto& group = request.groups.emplace_back();
    group.group_id = id;
    group.topics.emplace();
    auto& topic = group.topics->emplace_back();
    topic.name = "t";
    topic.partition_indexes = {0};
  }

  const auto token = world.fetch(request, 9);

  const auto& groups = world.answer<wire::OffsetFetchResponse>(token).groups;
  ASSERT_EQ(groups.size(), 3U);
  EXPECT_EQ(groups[0].topics.at(0).partitions.at(0).committed_offset, 1);
  EXPECT_EQ(groups[1].topics.at(0).partitions.at(0).committed_offset, 2);
  EXPECT_EQ(groups[2].topics.at(0).partitions.at(0).committed_offset, -1);
}

}  // namespace
}  // namespace millrace::broker
