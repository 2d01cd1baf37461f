#include "streams/topology/topology.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "streams/streams_builder.h"

namespace millrace::streams {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Text = std::string_view;

TEST(Topology, IsDescribedAsKafkaStreamsDescribesIt) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("conversation-meta")
      .map_values([](Text value) { return value; })
      .select_key([](Text, Text value) { return value; })
      .group_by_key()
      .count({.store_name = "count-resolved"})
      .to_stream()
      .to("streams-count-resolved");

  EXPECT_EQ(builder.build().value().describe(),
            R"(Topologies:
   Sub-topology: 0
    Source: KSTREAM-SOURCE-0000000000 (topics: [conversation-meta])
      --> KSTREAM-MAPVALUES-0000000001
    Processor: KSTREAM-MAPVALUES-0000000001 (stores: [])
      --> KSTREAM-KEY-SELECT-0000000002
      <-- KSTREAM-SOURCE-0000000000
    Processor: KSTREAM-KEY-SELECT-0000000002 (stores: [])
      --> KSTREAM-FILTER-0000000005
      <-- KSTREAM-MAPVALUES-0000000001
    Processor: KSTREAM-FILTER-0000000005 (stores: [])
      --> KSTREAM-SINK-0000000004
      <-- KSTREAM-KEY-SELECT-0000000002
    Sink: KSTREAM-SINK-0000000004 (topic: count-resolved-repartition)
      <-- KSTREAM-FILTER-0000000005

  Sub-topology: 1
    Source: KSTREAM-SOURCE-0000000006 (topics: [count-resolved-repartition])
      --> KSTREAM-AGGREGATE-0000000003
    Processor: KSTREAM-AGGREGATE-0000000003 (stores: [count-resolved])
      --> KTABLE-TOSTREAM-0000000007
      <-- KSTREAM-SOURCE-0000000006
    Processor: KTABLE-TOSTREAM-0000000007 (stores: [])
      --> KSTREAM-SINK-0000000008
      <-- KSTREAM-AGGREGATE-0000000003
    Sink: KSTREAM-SINK-0000000008 (topic: streams-count-resolved)
      <-- KTABLE-TOSTREAM-0000000007

)");
}

TEST(Topology, NamesStoresAndRepartitionTopicsByNumberWhenNobodyDoes) {
  StreamsBuilder builder;
  const auto table =
      builder.stream<Text, Text>("words").group_by([](Text, Text value) { return value; }).count();

  const Topology topology = builder.build().value();

  EXPECT_EQ(table.store_name(), "KSTREAM-AGGREGATE-STATE-STORE-0000000002");
  ASSERT_EQ(topology.repartition_topics().size(), 1U);
  EXPECT_EQ(topology.repartition_topics()[0].name,
            "KSTREAM-AGGREGATE-STATE-STORE-0000000002-repartition");
  EXPECT_THAT(topology.repartition_topics()[0].writers, ElementsAre(0U));
  EXPECT_EQ(changelog_topic("app", table.store_name()),
            "app-KSTREAM-AGGREGATE-STATE-STORE-0000000002-changelog");
}

TEST(Topology, NeedsNoRepartitionWhenTheKeyStayedAsItWas) {
  StreamsBuilder builder;
  (void)builder.stream<Text, Text>("words")
      .filter([](Text, Text) { return true; })
      .map_values([](Text value) { return static_cast<std::int64_t>(value.size()); })
      .group_by_key()
      .count();

  const Topology topology = builder.build().value();

  EXPECT_EQ(topology.plans().size(), 1U);
  EXPECT_TRUE(topology.repartition_topics().empty());
}

TEST(Topology, KeepsMergedStreamsInOneSubTopology) {
  StreamsBuilder builder;
  const auto left = builder.stream<Text, Text>("left");
  const auto right = builder.stream<Text, Text>("right");
  left.merge(right).to("both");

  const Topology topology = builder.build().value();

  ASSERT_EQ(topology.plans().size(), 1U);
  EXPECT_THAT(topology.plans()[0].source_topics(),
              ElementsAre(TopicRef{"left"}, TopicRef{"right"}));
}

struct NoSerde {};

TEST(Topology, NamesThePlaceWhereASerdeIsMissing) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in").map_values([](Text) { return NoSerde{}; }).to("out");

  const auto topology = builder.build();

  ASSERT_FALSE(topology.ok());
  EXPECT_THAT(topology.error().message, HasSubstr("topic out needs a value serde"));
}

TEST(Topology, RefusesWhatCannotRun) {
  struct Case {
    std::string_view what;
    std::function<void(StreamsBuilder&)> build;
    std::string_view message;
  };
  const std::vector<Case> cases{
      {"nothing", [](StreamsBuilder&) {}, "at least one topic"},
      {"a topic read twice",
       [](StreamsBuilder& builder) {
         (void)builder.stream<Text, Text>("a");
         (void)builder.stream<Text, Text>("a");
       },
       "a is read twice"},
      {"an illegal topic", [](StreamsBuilder& builder) { (void)builder.stream<Text, Text>("a b"); },
       "\"a b\" is not a legal topic name"},
      {"two stores of one name",
       [](StreamsBuilder& builder) {
         const auto grouped = builder.stream<Text, Text>("a").group_by_key();
         (void)grouped.count({.store_name = "s"});
         (void)grouped.count({.store_name = "s"});
       },
       "two stores are named s"},
  };
  for (const Case& one : cases) {
    StreamsBuilder builder;
    one.build(builder);
    const auto topology = builder.build();
    ASSERT_FALSE(topology.ok()) << one.what;
    EXPECT_THAT(topology.error().message, HasSubstr(one.message)) << one.what;
  }
}

TEST(TopologyBuilder, PutsNodesThatShareAStoreIntoOneSubTopology) {
  const auto no_store = [](const StoreContext&) -> Result<std::unique_ptr<StateStore>> {
    return Error{ErrorCode::kUnsupported, "not made here"};
  };
  TopologyBuilder builder;
  const NodeId left = builder.add_source("left", {"a"}, {});
  const NodeId right = builder.add_source("right", {"b"}, {});
  const NodeId owner = builder.add_stateful(
      "owner", {left}, {{"first", Changelog::kOn, no_store}, {"second", Changelog::kOff, no_store}},
      {});
  const NodeId guest = builder.add_processor("guest", {right}, {});
  builder.connect_store(guest, "first");

  const auto topology = builder.build();

  ASSERT_TRUE(topology.ok()) << topology.error().message;
  ASSERT_EQ(topology->plans().size(), 1U);
  const TaskPlan& plan = topology->plans()[0];
  ASSERT_EQ(plan.stores.size(), 2U);
  EXPECT_EQ(plan.stores[0].name, "first");
  EXPECT_EQ(plan.stores[1].name, "second");
  EXPECT_THAT(topology->describe(), HasSubstr("Processor: owner (stores: [first, second])"));
  EXPECT_THAT(topology->describe(), HasSubstr("Processor: guest (stores: [first])"));
  (void)owner;
}

TEST(TopologyBuilder, RefusesAStoreThatNobodyAdds) {
  TopologyBuilder builder;
  builder.connect_store(builder.add_processor("guest", {builder.add_source("s", {"a"}, {})}, {}),
                        "nowhere");

  const auto topology = builder.build();

  ASSERT_FALSE(topology.ok());
  EXPECT_THAT(topology.error().message, HasSubstr("nowhere"));
}

}  // namespace
}  // namespace millrace::streams
