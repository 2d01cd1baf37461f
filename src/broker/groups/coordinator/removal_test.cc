#include <gtest/gtest.h>

#include "broker/coordination/append_queue.h"
#include "broker/groups/group_world.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;

constexpr Millis kDay = std::chrono::hours{24};

std::vector<KafkaError> results_of(const GroupWorld& world, RequestToken token) {
  std::vector<KafkaError> errors;
  for (const auto& result : world.answer<wire::DeleteGroupsResponse>(token).results) {
    errors.push_back(static_cast<KafkaError>(result.error_code));
  }
  return errors;
}

/// Bytes with which a consumer says that it wants `topic`.
std::string subscription_to(std::string_view topic) {
  std::string bytes{'\0', '\0', '\0', '\0', '\0', '\1', '\0', static_cast<char>(topic.size())};
  bytes += topic;
  bytes += std::string(4, '\xff');
  return bytes;
}

TEST(DeleteGroups, RemovesEmptyGroupsWithTheirOffsets) {
  GroupWorld world;
  world.commit({.group = "simple", .offset = 1});
  const auto members = world.make_stable(1);
  world.commit({.member = members[0], .generation = 1, .offset = 2});

  EXPECT_EQ(
      results_of(world, world.delete_groups({"simple", "g", "nobody"})),
      (std::vector{KafkaError::kNone, KafkaError::kNonEmptyGroup, KafkaError::kGroupIdNotFound}));
  EXPECT_EQ(world.group("simple"), nullptr);
  EXPECT_EQ(world.committed("simple"), -1);
  EXPECT_EQ(world.committed("g"), 2);

  world.leave({{.member = members[0]}});
  EXPECT_EQ(results_of(world, world.delete_groups({"g"})), std::vector{KafkaError::kNone});
  EXPECT_EQ(picture_of(world.replayed()->state()), "");
}

TEST(DeleteGroups, AnswersWhenAllTombstonesAreInTheLog) {
  GroupWorld world;
  world.commit({.group = "a"});
  world.commit({.group = "b"});
  world.holds_appends = true;
  const auto token = world.delete_groups({"a", "b"});

  world.acknowledge();
  EXPECT_FALSE(world.is_answered(token));
  world.acknowledge(KafkaError::kKafkaStorageError);

  EXPECT_EQ(results_of(world, token),
            (std::vector{KafkaError::kNone, KafkaError::kNotCoordinator}));
  EXPECT_EQ(world.group("a"), nullptr);
  ASSERT_NE(world.group("b"), nullptr);
  EXPECT_EQ(world.committed("b"), 0);
}

TEST(DeleteGroups, TakesCommitsThatAreOnTheirWayAlong) {
  GroupWorld world;
  world.commit({.offset = 1});
  world.holds_appends = true;
  world.commit({.partition = 5, .offset = 2});
  world.delete_groups({"g"});

  world.acknowledge_all();

  EXPECT_EQ(world.group(), nullptr);
  EXPECT_EQ(picture_of(world.state()), "");
  EXPECT_EQ(picture_of(world.replayed()->state()), "");
}

/// A group with so many offsets that their tombstones do not fit into one batch of the log.
void commit_many(GroupWorld& world) {
  for (std::int32_t partition = 0; partition < 12'000; ++partition) {
    world.commit({.topic = std::string(100, 't'), .partition = partition, .offset = partition});
  }
}

TEST(DeleteGroups, SplitsTheTombstonesOfManyOffsets) {
  constexpr std::size_t kMaxMessageBytes = 1'048'588;
  GroupWorld world;
  commit_many(world);
  world.holds_appends = true;
  const auto token = world.delete_groups({"g"});

  ASSERT_GT(world.held_appends(), 1U);
  for (const LogAppend& append : world.held()) {
    AppendQueue queue;
    queue.push(append);
    EXPECT_LT(queue.take(1)->encode().size(), kMaxMessageBytes);
  }
  while (world.held_appends() > 0) {
    EXPECT_FALSE(world.is_answered(token));
    world.acknowledge();
  }
  EXPECT_EQ(results_of(world, token), std::vector{KafkaError::kNone});
  EXPECT_EQ(picture_of(world.state()), "");
  EXPECT_EQ(picture_of(world.replayed()->state()), "");
}

TEST(DeleteGroups, KeepsTheGroupOfOffsetsThatTheLogRefusedToForget) {
  GroupWorld world;
  commit_many(world);
  world.holds_appends = true;
  const auto token = world.delete_groups({"g"});

  world.acknowledge(KafkaError::kKafkaStorageError);
  world.acknowledge_all();

  EXPECT_EQ(results_of(world, token), std::vector{KafkaError::kNotCoordinator});
  ASSERT_NE(world.group(), nullptr);
  EXPECT_EQ(picture_of(world.replayed()->state()), picture_of(world.state()));
  world.holds_appends = false;
  EXPECT_EQ(results_of(world, world.delete_groups({"g"})), std::vector{KafkaError::kNone});
  EXPECT_EQ(picture_of(world.state()), "");
}

/// The error of the whole, or of each partition when there is none.
std::vector<KafkaError> offset_results_of(const GroupWorld& world, RequestToken token) {
  const auto& response = world.answer<wire::OffsetDeleteResponse>(token);
  if (response.error_code != 0) {
    EXPECT_TRUE(response.topics.empty());
    return {static_cast<KafkaError>(response.error_code)};
  }
  std::vector<KafkaError> errors;
  for (const auto& partition : response.topics.at(0).partitions) {
    errors.push_back(static_cast<KafkaError>(partition.error_code));
  }
  return errors;
}

TEST(OffsetDelete, ForgetsWhatIsNamedAndNothingElse) {
  GroupWorld world;
  for (const std::int32_t partition : {0, 1, 2}) world.commit({.partition = partition});
  world.commit({.topic = "u", .partition = 1});
  world.commit_in_transaction({.partition = 3, .offset = 5});
  world.holds_appends = true;
  world.commit({.partition = 4});
  const auto token = world.delete_offsets("g", "t", {1, 3, 4, 9});
  EXPECT_FALSE(world.is_answered(token));
  world.acknowledge_all();

  EXPECT_EQ(offset_results_of(world, token), std::vector(4, KafkaError::kNone));
  world.holds_appends = false;
  world.end_transaction(1, wire::TransactionResult::kCommit);
  std::vector<std::int64_t> left;
  for (std::int32_t i = 0; i < 5; ++i) left.push_back(world.committed("g", "t", i));
  EXPECT_EQ(left, (std::vector<std::int64_t>{0, -1, 0, -1, -1}));
  EXPECT_EQ(world.committed("g", "u", 1), 0);
  EXPECT_EQ(picture_of(world.replayed()->state()), picture_of(world.state()));
}

TEST(OffsetDelete, SaysWhatIsWrongWithTheGroup) {
  GroupWorld world;
  EXPECT_EQ(offset_results_of(world, world.delete_offsets("", "t", {0})),
            std::vector{KafkaError::kInvalidGroupId});
  EXPECT_EQ(offset_results_of(world, world.delete_offsets("g", "t", {0})),
            std::vector{KafkaError::kGroupIdNotFound});
  world.join({.protocol_type = "connect", .version = 3});
  EXPECT_EQ(offset_results_of(world, world.delete_offsets("g", "t", {0})),
            std::vector{KafkaError::kNonEmptyGroup});
}

TEST(OffsetDelete, KeepsWhatTheMembersOfAGroupAreSubscribedTo) {
  GroupWorld world;
  const std::string member =
      world.joined(world.join({.protocols = {{"range", subscription_to("wanted")}}, .version = 3}))
          .member_id;
  world.sync({.member = member, .generation = 1});
  for (const std::string topic : {"wanted", "dropped"}) {
    world.commit({.member = member, .generation = 1, .topic = topic});
  }
  EXPECT_EQ(offset_results_of(world, world.delete_offsets("g", "wanted", {0, 1})),
            std::vector(2, KafkaError::kGroupSubscribedToTopic));
  EXPECT_EQ(offset_results_of(world, world.delete_offsets("g", "dropped", {0})),
            std::vector{KafkaError::kNone});
  EXPECT_EQ(world.committed("g", "wanted"), 0);
  EXPECT_EQ(world.committed("g", "dropped"), -1);

  world.leave({{.member = member}});
  EXPECT_EQ(offset_results_of(world, world.delete_offsets("g", "wanted", {0})),
            std::vector{KafkaError::kNone});
  EXPECT_EQ(world.committed("g", "wanted"), -1);
}

TEST(OffsetDelete, FailsAsAWholeWhenTheLogRefuses) {
  GroupWorld world;
  world.commit({});
  world.holds_appends = true;
  const auto token = world.delete_offsets("g", "t", {0});
  world.acknowledge(KafkaError::kKafkaStorageError);
  EXPECT_EQ(offset_results_of(world, token), std::vector{KafkaError::kNotCoordinator});
  EXPECT_EQ(world.committed("g"), 0);
}

TEST(DeletedTopic, TakesItsOffsetsAlong) {
  GroupWorld world;
  world.commit({.topic = "t", .offset = 1});
  world.commit({.topic = "u", .offset = 2});
  world.commit({.group = "h", .topic = "t", .offset = 3});

  world.delete_topic("t");

  EXPECT_EQ(world.committed("g", "t"), -1);
  EXPECT_EQ(world.committed("h", "t"), -1);
  EXPECT_EQ(world.committed("g", "u"), 2);
  EXPECT_EQ(picture_of(world.replayed()->state()), picture_of(world.state()));
}

TEST(Retention, ForgetsOffsetsOfASimpleConsumerByTheirOwnAge) {
  GroupWorld world;
  world.commit({.partition = 0, .offset = 1});
  world.advance(kDay * 5);
  world.commit({.partition = 1, .offset = 2});

  world.advance(kDay * 2 + Millis{700'000});

  EXPECT_EQ(world.committed("g", "t", 0), -1);
  EXPECT_EQ(world.committed("g", "t", 1), 2);
  world.advance(kDay * 5);
  EXPECT_EQ(world.group(), nullptr);
  EXPECT_EQ(picture_of(world.replayed()->state()), "");
}

TEST(Retention, CountsFromWhenTheGroupBecameEmpty) {
  GroupWorld world;
  const auto members = world.make_stable(1);
  world.commit({.member = members[0], .generation = 1, .offset = 1});
  for (int i = 0; i < 9 * 24 * 400; ++i) {
    world.heartbeat(members[0], 1);
    world.advance(Millis{9'000});
  }
  EXPECT_EQ(world.committed("g"), 1);
  world.leave({{.member = members[0]}});

  world.advance(kDay * 6);
  EXPECT_EQ(world.committed("g"), 1);
  world.advance(kDay + Millis{700'000});

  EXPECT_EQ(world.committed("g"), -1);
  EXPECT_EQ(world.group(), nullptr);
}

TEST(Retention, ForgetsTopicsThatAStableGroupNoLongerWants) {
  GroupWorld world({.offsets_retention = Millis{1'000'000}});
  const std::string a =
      world.joined(world.join({.protocols = {{"range", subscription_to("wanted")}}, .version = 3}))
          .member_id;
  world.sync({.member = a, .generation = 1});
  world.commit({.member = a, .generation = 1, .topic = "wanted", .offset = 1});
  world.commit({.member = a, .generation = 1, .topic = "dropped", .offset = 2});

  for (int i = 0; i < 200; ++i) {
    world.heartbeat(a, 1);
    world.advance(Millis{9'000});
  }

  EXPECT_EQ(world.committed("g", "wanted"), 1);
  EXPECT_EQ(world.committed("g", "dropped"), -1);
}

TEST(Retention, KeepsEverythingOfMembersWhoseSubscriptionCannotBeRead) {
  GroupWorld world({.offsets_retention = Millis{1'000'000}});
  const std::string a =
      world.joined(world.join({.protocols = {{"range", "???"}}, .version = 3})).member_id;
  world.sync({.member = a, .generation = 1});
  world.commit({.member = a, .generation = 1, .topic = "t", .offset = 1});

  for (int i = 0; i < 200; ++i) {
    world.heartbeat(a, 1);
    world.advance(Millis{9'000});
  }

  EXPECT_EQ(world.committed("g"), 1);
}

TEST(Retention, ForgetsGroupsThatNeverGotAMember) {
  GroupWorld world;
  world.new_member_id({});
  ASSERT_NE(world.group(), nullptr);

  world.advance(Millis{700'000});

  EXPECT_EQ(world.group(), nullptr);
  EXPECT_TRUE(world.log().empty());
}

}  // namespace
}  // namespace millrace::broker
