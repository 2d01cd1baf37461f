#include "streams/runtime/internal_topics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "streams/streams_builder.h"

namespace millrace::streams {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using Text = std::string_view;

std::vector<std::pair<std::string, std::int32_t>> names_of(const InternalTopicPlan& plan) {
  std::vector<std::pair<std::string, std::int32_t>> names;
  for (const InternalTopic& topic : plan.topics) names.emplace_back(topic.name, topic.partitions);
  return names;
}

TEST(InternalTopics, HaveThePartitionsOfWhatFlowsIntoThem) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .group_by([](Text, Text value) { return value; }, {.name = "first"})
      .count({.store_name = "one"})
      .to_stream()
      .group_by([](Text, std::int64_t count) { return count; }, {.name = "second"})
      .count({.store_name = "two"});

  const auto plan = plan_internal_topics(builder.build().value(), "app", {{"in", 6}});

  EXPECT_THAT(names_of(plan.value()),
              ElementsAre(Pair("app-first-repartition", 6), Pair("app-second-repartition", 6),
                          Pair("app-one-changelog", 6), Pair("app-two-changelog", 6)));
  EXPECT_THAT(plan->sources, ElementsAre(Pair("app-first-repartition", 6),
                                         Pair("app-second-repartition", 6), Pair("in", 6)));
}

TEST(InternalTopics, SayOnPurposeHowLongTheyKeepRecords) {
  StreamsBuilder builder;
  (void)builder.stream<Text, Text>("in")
      .group_by([](Text, Text value) { return value; })
      .count({.store_name = "one"});

  const auto plan = plan_internal_topics(builder.build().value(), "app", {{"in", 1}});

  ASSERT_EQ(plan->topics.size(), 2U);
  EXPECT_EQ(plan->topics[0].configs.at("cleanup.policy"), "delete");
  EXPECT_EQ(plan->topics[0].configs.at("retention.ms"), "-1");
  EXPECT_EQ(plan->topics[1].configs.at("cleanup.policy"), "compact");
  EXPECT_EQ(plan->topics[1].configs.at("retention.ms"), "-1");
}

TEST(InternalTopics, LeaveOutTheChangelogOfAStoreWithoutOne) {
  StreamsBuilder builder;
  (void)builder.stream<Text, Text>("in").group_by_key().count({.changelog = Changelog::kOff});

  const auto plan = plan_internal_topics(builder.build().value(), "app", {{"in", 1}});

  EXPECT_TRUE(plan->topics.empty());
}

TEST(InternalTopics, RefuseToFeedAStoreFromTopicsWithUnequalPartitions) {
  StreamsBuilder builder;
  const auto left = builder.stream<Text, Text>("left");
  (void)left.merge(builder.stream<Text, Text>("right"))
      .group_by_key()
      .count({.store_name = "both"});
  const Topology topology = builder.build().value();

  const auto equal = plan_internal_topics(topology, "app", {{"left", 3}, {"right", 3}});
  const auto unequal = plan_internal_topics(topology, "app", {{"left", 3}, {"right", 4}});

  EXPECT_TRUE(equal.ok());
  ASSERT_FALSE(unequal.ok());
  EXPECT_THAT(unequal.error().message, HasSubstr("left with 3 partitions and right with 4"));
}

}  // namespace
}  // namespace millrace::streams
