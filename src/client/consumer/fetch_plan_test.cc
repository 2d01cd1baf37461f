#include "client/consumer/fetch_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::client {
namespace {

using testing::ElementsAre;

const Uuid kId{{7}};

PlannedPart part(std::string topic, std::int32_t partition, Uuid id = {}) {
  return {.partition = {std::move(topic), PartitionId{partition}},
          .offset = Offset{10 + partition},
          .leader_epoch = LeaderEpoch{3},
          .bytes_max = 100,
          .topic_id = id};
}

TEST(FetchPlan, NamesEachTopicOnceWithWhatItsPartitionsAreAskedFor) {
  const FetchPlan plan{.parts = {part("a", 0), part("a", 2), part("b", 0)}};

  const auto request = to_request(
      plan,
      {.wait_max = Millis{20}, .bytes_max = 1000, .isolation = IsolationLevel::kReadCommitted});

  EXPECT_EQ(request.max_wait_ms, 20);
  EXPECT_EQ(request.max_bytes, 1000);
  EXPECT_EQ(request.isolation_level, 1);
  ASSERT_EQ(request.topics.size(), 2U);
  EXPECT_EQ(request.topics[0].topic, "a");
  ASSERT_EQ(request.topics[0].partitions.size(), 2U);
  const auto& asked = request.topics[0].partitions[1];
  EXPECT_EQ(asked.partition, 2);
  EXPECT_EQ(asked.fetch_offset, 12);
  EXPECT_EQ(asked.current_leader_epoch, 3);
  EXPECT_EQ(asked.partition_max_bytes, 100);
}

TEST(FetchPlan, BelongsToNoSessionUnlessItSaysSo) {
  FetchPlan plan{.parts = {part("a", 0)}};
  EXPECT_EQ(to_request(plan, {}).session_id, 0);
  EXPECT_EQ(to_request(plan, {}).session_epoch, -1);

  plan.session = {.id = 5, .epoch = 9};
  plan.forgotten = {part("a", 1), part("a", 4)};
  const auto request = to_request(plan, {});
  EXPECT_EQ(request.session_id, 5);
  EXPECT_EQ(request.session_epoch, 9);
  ASSERT_EQ(request.forgotten_topics_data.size(), 1U);
  EXPECT_THAT(request.forgotten_topics_data[0].partitions, ElementsAre(1, 4));
}

TEST(FetchPlan, AsksByIdOnlyWhenEveryIdIsKnown) {
  EXPECT_EQ(versions_for({.parts = {part("a", 0, kId)}}).max, wire::FetchRequest::kVersions.max);
  EXPECT_EQ(versions_for({.parts = {part("a", 0, kId), part("b", 0)}}).max, 12);
}

TEST(FetchPlan, FindsWhatAnAnswerNamesByNameOrById) {
  const FetchPlan plan{.parts = {part("a", 0, kId), part("b", 0)}};

  EXPECT_EQ(plan.find("b", {}, 0), &plan.parts[1]);
  EXPECT_EQ(plan.find("", kId, 0), &plan.parts[0]);
  EXPECT_EQ(plan.find("", kId, 1), nullptr);
  EXPECT_EQ(plan.find("", {}, 0), nullptr) << "no name and no id is nothing, not an unknown id";
  EXPECT_EQ(plan.find("c", kId, 0), nullptr);
}

}  // namespace
}  // namespace millrace::client
