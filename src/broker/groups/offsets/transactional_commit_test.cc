#include "broker/groups/offsets/transactional_commit.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "broker/groups/group_world.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;
using enum wire::TransactionResult;

TEST(TransactionalCommit, CountsWithTheCommitMarkerOnly) {
  GroupWorld world;
  world.commit({.offset = 1});

  const auto commit = world.commit_in_transaction({.offset = 5});
  EXPECT_EQ(world.transactional_commit_error(commit), KafkaError::kNone);
  EXPECT_EQ(world.committed("g"), 1);

  world.end_transaction(1, kCommit);
  EXPECT_EQ(world.committed("g"), 5);
  EXPECT_EQ(picture_of(world.replayed()->state()), picture_of(world.state()));
}

TEST(TransactionalCommit, VanishesWithTheAbortMarker) {
  GroupWorld world;
  world.commit({.offset = 1});
  world.commit_in_transaction({.offset = 5});
  world.end_transaction(1, kAbort);
  world.end_transaction(1, kCommit);
  EXPECT_EQ(world.committed("g"), 1);
  EXPECT_EQ(picture_of(world.replayed()->state()), picture_of(world.state()));
}

TEST(TransactionalCommit, EndsWithItsProducersMarkerInItsPartition) {
  GroupWorld world;
  world.commit_in_transaction({.producer = 1, .partition = 0, .offset = 5});
  world.commit_in_transaction({.producer = 2, .partition = 1, .offset = 6});

  const PartitionId other{(world.partition_of("g").value() + 1) % 5};
  world.end_transaction_in(other, 1, kCommit);
  world.end_transaction(3, kCommit);
  EXPECT_EQ(world.committed("g", "t", 0), -1);
  EXPECT_EQ(world.committed("g", "t", 1), -1);

  world.end_transaction(1, kCommit);
  EXPECT_EQ(world.committed("g", "t", 0), 5);
  EXPECT_EQ(world.committed("g", "t", 1), -1);
}

TEST(TransactionalCommit, TheLastOneOfATransactionCounts) {
  GroupWorld world;
  world.commit_in_transaction({.offset = 5});
  world.commit_in_transaction({.offset = 4});
  world.end_transaction(1, kCommit);
  EXPECT_EQ(world.committed("g"), 4);
}

TEST(TransactionalCommit, DoesNotOverwriteWhatCameIntoTheLogLater) {
  GroupWorld world;
  world.commit_in_transaction({.producer = 1, .offset = 5});
  world.commit({.offset = 9});
  world.end_transaction(1, kCommit);
  EXPECT_EQ(world.committed("g"), 9) << "a plain commit behind it";

  world.commit_in_transaction({.producer = 1, .offset = 10});
  world.commit_in_transaction({.producer = 2, .offset = 11});
  world.end_transaction(2, kCommit);
  world.end_transaction(1, kCommit);
  EXPECT_EQ(world.committed("g"), 11) << "another transaction's behind it, which ended first";

  world.commit_in_transaction({.producer = 1, .offset = 12});
  world.commit_in_transaction({.producer = 2, .offset = 13});
  world.end_transaction(1, kCommit);
  world.end_transaction(2, kCommit);
  EXPECT_EQ(world.committed("g"), 13);
  EXPECT_EQ(picture_of(world.replayed()->state()), picture_of(world.state()));
}

TEST(TransactionalCommit, IsPendingWhenTheLogHasItAndNotWhenTheLogRefuses) {
  GroupWorld world;
  world.holds_appends = true;
  const auto refused = world.commit_in_transaction({.offset = 5});
  EXPECT_FALSE(world.is_answered(refused));
  world.acknowledge(KafkaError::kInvalidTxnState);
  EXPECT_EQ(world.transactional_commit_error(refused), KafkaError::kInvalidTxnState);
  const auto failed = world.commit_in_transaction({.offset = 5});
  world.acknowledge(KafkaError::kKafkaStorageError);
  EXPECT_EQ(world.transactional_commit_error(failed), KafkaError::kNotCoordinator);

  world.holds_appends = false;
  world.end_transaction(1, kCommit);
  EXPECT_EQ(world.committed("g"), -1);
}

TEST(TransactionalCommit, IsWrittenAsABatchOfItsProducer) {
  GroupWorld world;
  world.holds_appends = true;
  world.commit_in_transaction({.producer = 7, .offset = 5, .epoch = 3});
  ASSERT_EQ(world.held_appends(), 1U);
  EXPECT_EQ(world.held().front().owner, "g");
  EXPECT_EQ(world.held().front().producer,
            (TransactionalProducer{ProducerId{7}, ProducerEpoch{3}}));
}

TEST(TransactionalCommit, AMarkerGoesBehindTheCommitsThatAreOnTheirWay) {
  GroupWorld world;
  world.holds_appends = true;
  world.commit_in_transaction({.offset = 5});
  const auto marker = world.end_transaction(1, kCommit);
  world.commit_in_transaction({.producer = 1, .partition = 1, .offset = 6});

  world.acknowledge();
  EXPECT_EQ(world.committed("g"), -1);
  EXPECT_FALSE(world.is_answered(marker));
  world.acknowledge();
  EXPECT_EQ(world.committed("g"), 5);
  EXPECT_EQ(world.answer<MarkerWritten>(marker).error, KafkaError::kNone);
  world.acknowledge();
  EXPECT_EQ(world.committed("g", "t", 1), -1) << "it came behind the marker";
  EXPECT_EQ(picture_of(world.replayed()->state()), picture_of(world.state()));
}

TEST(TransactionalCommit, AMarkerThatTheLogRefusesEndsNothing) {
  GroupWorld world;
  world.commit_in_transaction({.offset = 5});
  world.holds_appends = true;
  const auto marker = world.end_transaction(1, kCommit);
  world.acknowledge(KafkaError::kInvalidProducerEpoch);
  EXPECT_EQ(world.answer<MarkerWritten>(marker).error, KafkaError::kInvalidProducerEpoch);
  EXPECT_EQ(world.committed("g"), -1);
  EXPECT_EQ(static_cast<KafkaError>(world.fetch_stable().error_code),
            KafkaError::kUnstableOffsetCommit);
}

TEST(TransactionalCommit, ChecksMembersAsKafkaDoes) {
  GroupWorld world;
  const std::string member = world.make_stable(1).at(0);
  struct Case {
    std::string what;
    GroupWorld::TransactionalCommitOf commit;
    KafkaError error;
  };
  const std::vector<Case> cases{
      {"the member", {.member = member, .generation = 1}, KafkaError::kNone},
      {"nobody, as old clients", {}, KafkaError::kNone},
      {"another generation", {.member = member, .generation = 2}, KafkaError::kIllegalGeneration},
      {"a member without generation", {.member = member}, KafkaError::kIllegalGeneration},
      {"a stranger", {.member = "stranger", .generation = 1}, KafkaError::kUnknownMemberId},
      {"a generation alone", {.generation = 1}, KafkaError::kUnknownMemberId},
      {"an unknown instance",
       {.member = member, .generation = 1, .instance = "i"},
       KafkaError::kUnknownMemberId},
      {"no group's name", {.group = ""}, KafkaError::kInvalidGroupId},
      {"a group that is not there",
       {.group = "new", .member = member, .generation = 1},
       KafkaError::kIllegalGeneration},
      {"a group that is not there, without generation", {.group = "new"}, KafkaError::kNone},
      {"metadata that is too long",
       {.metadata = std::string(4097, 'm')},
       KafkaError::kOffsetMetadataTooLarge},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(world.transactional_commit_error(world.commit_in_transaction(each.commit)),
              each.error)
        << each.what;
  }
}

TEST(TransactionalCommit, FencesTheStaticMemberThatWasReplaced) {
  GroupWorld world;
  const GroupWorld::Join join{.instance = "i"};
  const std::string first = world.joined(world.join(join)).member_id;
  world.sync({.member = first, .generation = 1, .instance = "i"});
  const std::string second = world.joined(world.join(join)).member_id;
  ASSERT_NE(first, second);
  const auto commit = world.commit_in_transaction(
      {.member = first, .generation = world.group()->generation(), .instance = "i"});
  EXPECT_EQ(world.transactional_commit_error(commit), KafkaError::kFencedInstanceId);
}

TEST(TransactionalCommit, MayComeInTheMiddleOfARebalance) {
  GroupWorld world;
  const std::string member = world.joined(world.join({.version = 3})).member_id;
  ASSERT_TRUE(world.group()->is_in(GroupState::kCompletingRebalance));
  const auto commit = world.commit_in_transaction({.member = member, .generation = 1, .offset = 5});
  EXPECT_EQ(world.transactional_commit_error(commit), KafkaError::kNone);
}

TEST(TransactionalCommit, KeepsNoSessionAlive) {
  GroupWorld world;
  const std::string member = world.make_stable(1).at(0);
  for (int i = 0; i < 3; ++i) {
    world.commit_in_transaction({.member = member, .generation = 1});
    world.advance(Millis{5'000});
  }
  EXPECT_TRUE(world.group()->is_in(GroupState::kEmpty));
}

TEST(StableFetch, RefusesOffsetsOfOpenTransactions) {
  GroupWorld world;
  world.commit({.partition = 0, .offset = 1});
  world.commit({.partition = 1, .offset = 2});
  const auto error_of = [&](std::int32_t partition) {
    return static_cast<KafkaError>(world.fetch_stable("g", "t", partition).error_code);
  };
  world.holds_appends = true;
  world.commit_in_transaction({.partition = 0, .offset = 5});
  EXPECT_EQ(error_of(0), KafkaError::kUnstableOffsetCommit) << "on its way to the log";
  world.acknowledge();
  EXPECT_EQ(error_of(0), KafkaError::kUnstableOffsetCommit);
  EXPECT_EQ(world.fetch_stable().committed_offset, -1);
  EXPECT_EQ(error_of(1), KafkaError::kNone);
  EXPECT_EQ(world.fetch_stable("h").error_code, 0);

  wire::OffsetFetchRequest unstable;
  unstable.group_id = "g";
  unstable.topics.emplace();
  unstable.topics->push_back({"t", {0}});
  const auto& last =
      world.answer<wire::OffsetFetchResponse>(world.fetch(unstable, 7)).topics.at(0).partitions;
  EXPECT_EQ(last.at(0).error_code, 0);
  EXPECT_EQ(last.at(0).committed_offset, 1);

  unstable.require_stable = true;
  unstable.topics.reset();
  const auto& all =
      world.answer<wire::OffsetFetchResponse>(world.fetch(unstable, 7)).topics.at(0).partitions;
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(static_cast<KafkaError>(all[0].error_code), KafkaError::kUnstableOffsetCommit);
  EXPECT_EQ(all[1].committed_offset, 2);

  world.end_transaction(1, kCommit);
  world.acknowledge();
  EXPECT_EQ(error_of(0), KafkaError::kNone);
  EXPECT_EQ(world.fetch_stable().committed_offset, 5);
}

TEST(TransactionalCommit, OutlivesARestart) {
  GroupWorld world;
  world.commit_in_transaction({.producer = 1, .partition = 0, .offset = 5});
  world.commit_in_transaction({.producer = 2, .partition = 1, .offset = 6});
  const std::string before = picture_of(world.state());
  world.restart();
  EXPECT_EQ(picture_of(world.state()), before);
  EXPECT_EQ(static_cast<KafkaError>(world.fetch_stable().error_code),
            KafkaError::kUnstableOffsetCommit);
  ASSERT_NE(world.group(), nullptr);

  world.end_transaction(1, kCommit);
  world.end_transaction(2, kAbort);
  EXPECT_EQ(world.committed("g", "t", 0), 5);
  EXPECT_EQ(world.committed("g", "t", 1), -1);
}

TEST(TransactionalCommit, GoesWithItsGroupOrItsTopic) {
  GroupWorld world;
  world.commit_in_transaction({.group = "g", .topic = "t", .offset = 5});
  world.commit_in_transaction({.group = "g", .topic = "u", .offset = 6});
  world.commit_in_transaction({.group = "h", .topic = "t", .offset = 7});
  world.commit_in_transaction({.group = "only", .topic = "t", .offset = 7});
  world.commit({.group = "both", .topic = "t", .offset = 1});
  world.commit_in_transaction({.group = "both", .topic = "u", .offset = 7});
  world.holds_appends = true;
  world.commit_in_transaction({.group = "h", .topic = "t", .partition = 1, .offset = 8});

  world.delete_topic("t");
  const auto deletion = world.delete_groups({"g"});
  world.acknowledge_all();
  EXPECT_EQ(world.answer<wire::DeleteGroupsResponse>(deletion).results.at(0).error_code, 0);
  EXPECT_EQ(world.group("g"), nullptr);
  EXPECT_NE(world.group("both"), nullptr) << "it has something pending";
  EXPECT_EQ(picture_of(world.replayed()->state()), picture_of(world.state()));

  world.holds_appends = false;
  world.acknowledge_all();
  world.end_transaction(1, kCommit, "g");
  world.end_transaction(1, kCommit, "h");
  world.end_transaction(1, kCommit, "only");
  world.end_transaction(1, kCommit, "both");
  EXPECT_EQ(world.committed("only", "t"), -1);
  EXPECT_EQ(world.committed("both", "u"), 7);
  EXPECT_EQ(world.committed("g", "t"), -1);
  EXPECT_EQ(world.committed("g", "u"), -1);
  EXPECT_EQ(world.committed("h", "t"), -1);
  EXPECT_EQ(world.committed("h", "t", 1), -1);
  EXPECT_EQ(picture_of(world.replayed()->state()), picture_of(world.state()));
}

TEST(TransactionalCommit, KeepsTheOffsetBeforeItAndItsGroupFromExpiring) {
  GroupWorld world({.offsets_retention = Millis{1'000'000}});
  world.commit({.partition = 0, .offset = 1});
  world.commit({.partition = 1, .offset = 2});
  world.commit_in_transaction({.partition = 0, .offset = 5});
  world.commit_in_transaction({.group = "only", .offset = 6});

  world.advance(Millis{3'000'000});
  EXPECT_EQ(world.committed("g", "t", 0), 1);
  EXPECT_EQ(world.committed("g", "t", 1), -1);
  EXPECT_NE(world.group("g"), nullptr);
  EXPECT_NE(world.group("only"), nullptr);

  world.end_transaction(1, kAbort, "g");
  world.end_transaction(1, kAbort, "only");
  world.advance(Millis{1'000'000});
  EXPECT_EQ(world.committed("g"), -1);
  EXPECT_EQ(world.group("g"), nullptr);
  EXPECT_EQ(world.group("only"), nullptr);
  EXPECT_EQ(picture_of(world.replayed()->state()), "");
}

}  // namespace
}  // namespace millrace::broker
