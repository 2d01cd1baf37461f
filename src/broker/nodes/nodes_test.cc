#include "broker/nodes/nodes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/session/request_context.h"

namespace millrace::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

BrokerConfig three_brokers() {
  BrokerConfig config;
  config.brokers = 3;
  config.kafka = {"127.0.0.1", 9092};
  return config;
}

TEST(Nodes, AreNumberedOnWithTheNextPortsAndARackEach) {
  const auto nodes = plan_nodes(three_brokers(), BrokerId{4});
  ASSERT_TRUE(nodes.ok());
  EXPECT_THAT(*nodes, ElementsAre(Node{BrokerId{4}, "rack-1", {"127.0.0.1", 9092}},
                                  Node{BrokerId{5}, "rack-2", {"127.0.0.1", 9093}},
                                  Node{BrokerId{6}, "rack-3", {"127.0.0.1", 9094}}));
}

TEST(Nodes, TakeFreePortsForPortZeroAndRacksInTurn) {
  BrokerConfig config = three_brokers();
  config.kafka.port = 0;
  config.racks = {"a", "b"};
  const auto nodes = plan_nodes(config, BrokerId{1});
  ASSERT_TRUE(nodes.ok());
  for (const Node& node : *nodes) EXPECT_EQ(node.listens.port, 0);
  EXPECT_EQ((*nodes)[0].rack, "a");
  EXPECT_EQ((*nodes)[1].rack, "b");
  EXPECT_EQ((*nodes)[2].rack, "a");
}

TEST(Nodes, ASingleOneHasNoRackUnlessItIsGiven) {
  BrokerConfig config;
  EXPECT_EQ(plan_nodes(config, BrokerId{1})->front().rack, "");
  config.racks = {"here"};
  EXPECT_EQ(plan_nodes(config, BrokerId{1})->front().rack, "here");
}

TEST(Nodes, WhatCannotBeIsRefusedWithWhatWasWanted) {
  struct Case {
    std::function<void(BrokerConfig&)> change;
    std::string says;
  };
  const std::vector<Case> cases{
      {[](BrokerConfig& config) { config.brokers = 0; }, "wanted 1 to 32, found 0"},
      {[](BrokerConfig& config) { config.brokers = 33; }, "wanted 1 to 32, found 33"},
      {[](BrokerConfig& config) { config.replication_factor = 4; }, "wanted 1 to 3"},
      {[](BrokerConfig& config) { config.replication_factor = 0; }, "wanted 1 to 3"},
      {[](BrokerConfig& config) { config.kafka.port = 65'534; }, "65535 is the last"},
      {[](BrokerConfig& config) {
         config.advertised = {"proxy", 65'534};
       },
       "65535 is the last"},
      {[](BrokerConfig& config) {
         config.advertised = {"0.0.0.0", 9092};
       },
       "every address"},
      {[](BrokerConfig& config) {
         config.advertised = {"::", 9092};
       },
       "every address"},
      {[](BrokerConfig& config) {
         config.advertised = {"proxy", 0};
       },
       "no port"},
  };
  for (const auto& each : cases) {
    BrokerConfig config = three_brokers();
    each.change(config);
    const auto nodes = plan_nodes(config, BrokerId{1});
    ASSERT_FALSE(nodes.ok()) << each.says;
    EXPECT_EQ(nodes.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(nodes.error().message, HasSubstr(each.says));
  }
}

ConnectionState come_by(BrokerId node, const io::Endpoint& local) {
  return ConnectionState{.node = node, .local = local};
}

TEST(Nodes, AreReachedByTheHostThatTheClientCameByEachOnItsOwnPort) {
  const auto nodes = plan_nodes(three_brokers(), BrokerId{1});
  const auto connection = come_by(BrokerId{2}, {"::ffff:10.0.0.7", 9093});
  EXPECT_EQ(address_of((*nodes)[0], connection).to_string(), "10.0.0.7:9092");
  EXPECT_EQ(address_of((*nodes)[1], connection).to_string(), "10.0.0.7:9093");
}

TEST(Nodes, AreReachedWhereTheyAdvertise) {
  BrokerConfig config = three_brokers();
  config.advertised = {"proxy.example.org", 19'092};
  const auto nodes = plan_nodes(config, BrokerId{1});
  const auto connection = come_by(BrokerId{1}, {"127.0.0.1", 9092});
  EXPECT_EQ(address_of((*nodes)[0], connection).to_string(), "proxy.example.org:19092");
  EXPECT_EQ(address_of((*nodes)[2], connection).to_string(), "proxy.example.org:19094");
}

TEST(Nodes, TheFirstThatRunsIsTheController) {
  Nodes nodes(*plan_nodes(three_brokers(), BrokerId{1}));
  EXPECT_EQ(controller_of(*nodes.list()), BrokerId{1});
  nodes.set_running(BrokerId{1}, false);
  EXPECT_EQ(controller_of(*nodes.list()), BrokerId{2});
  EXPECT_EQ(nodes.controller_epoch(), 2);
  EXPECT_THAT(nodes.running(), ElementsAre(BrokerId{2}, BrokerId{3}));
}

}  // namespace
}  // namespace millrace::broker
