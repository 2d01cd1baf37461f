#include "client/properties.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/config/client_config.h"

namespace millrace::client {
namespace {

using testing::HasSubstr;

Properties reachable() {
  return {{"bootstrap.servers", "127.0.0.1:9092"}};
}

std::string problem_of(ClientKind kind, Properties properties) {
  const auto status = check_properties(kind, properties);
  return status.ok() ? "" : status.error().message;
}

TEST(Properties, EveryDefaultIsAValidValue) {
  for (const auto kind : {ClientKind::kProducer, ClientKind::kConsumer, ClientKind::kAdmin}) {
    for (const PropertyDefinition& definition : property_definitions(kind)) {
      if (definition.default_value.empty()) continue;
      EXPECT_EQ(
          problem_of(kind, {{std::string(definition.name), std::string(definition.default_value)}}),
          "");
    }
  }
}

TEST(Properties, AnUnknownNameIsAnsweredWithTheNearest) {
  EXPECT_THAT(problem_of(ClientKind::kProducer, {{"ack", "all"}}), HasSubstr("did you mean acks?"));
  EXPECT_THAT(problem_of(ClientKind::kConsumer, {{"groupid", "g"}}),
              HasSubstr("did you mean group.id?"));
  EXPECT_THAT(problem_of(ClientKind::kConsumer, {{"linger.ms", "5"}}),
              HasSubstr("unknown consumer property linger.ms"));
}

TEST(Properties, AWrongValueIsAnsweredWithWhatWasWanted) {
  EXPECT_EQ(problem_of(ClientKind::kProducer, {{"acks", "some"}}),
            "property acks: wanted one of all, -1, 0, 1, found \"some\"");
  EXPECT_EQ(problem_of(ClientKind::kConsumer, {{"max.poll.records", "0"}}),
            "property max.poll.records: wanted an integer from 1 to 2147483647, found \"0\"");
  EXPECT_EQ(problem_of(ClientKind::kConsumer, {{"check.crcs", "yes"}}),
            "property check.crcs: wanted true or false, found \"yes\"");
  EXPECT_THAT(problem_of(ClientKind::kProducer, {{"linger.ms", "5ms"}}), HasSubstr("\"5ms\""));
}

TEST(Properties, AFileIsReadLineByLine) {
  const auto parsed = Properties::parse("# comment\r\nacks = all\n\nlinger.ms=0");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(*parsed->find("acks"), "all");
  EXPECT_EQ(*parsed->find("linger.ms"), "0");
  EXPECT_EQ(parsed->entries().size(), 2U);

  const auto broken = Properties::parse("acks=all\nnonsense\n");
  ASSERT_FALSE(broken.ok());
  EXPECT_THAT(broken.error().message, HasSubstr("line 2"));
}

TEST(ClientConfig, TakesKafkasDefaults) {
  const auto producer = read_producer_config(reachable());
  ASSERT_TRUE(producer.ok());
  EXPECT_EQ(producer->acks, -1);
  EXPECT_TRUE(producer->idempotent);
  EXPECT_EQ(producer->linger, Millis{5});
  EXPECT_EQ(producer->batch_size_bytes, 16'384U);

  const auto consumer = read_consumer_config(reachable());
  ASSERT_TRUE(consumer.ok());
  EXPECT_EQ(consumer->offset_reset, OffsetReset::kLatest);
  EXPECT_EQ(consumer->poll_records_max, 500U);
  EXPECT_EQ(consumer->assignors, (std::vector<std::string>{"range", "cooperative-sticky"}));
  EXPECT_FALSE(consumer->auto_commit_interval.has_value()) << "without group.id";
}

TEST(ClientConfig, NeedsAServerToBeginWith) {
  const auto config = read_admin_config({});
  ASSERT_FALSE(config.ok());
  EXPECT_THAT(config.error().message, HasSubstr("bootstrap.servers"));
}

TEST(ClientConfig, IdempotenceGivesWayToAcksUnlessAskedForByName) {
  const auto silent = read_producer_config(reachable().set("acks", "1"));
  ASSERT_TRUE(silent.ok());
  EXPECT_FALSE(silent->idempotent);

  const auto asked =
      read_producer_config(reachable().set("acks", "1").set("enable.idempotence", "true"));
  ASSERT_FALSE(asked.ok());
  EXPECT_THAT(asked.error().message, HasSubstr("acks"));
}

TEST(ClientConfig, ATransactionalIdWantsIdempotenceAndWhatThatNeeds) {
  const auto plain = read_producer_config(reachable());
  ASSERT_TRUE(plain.ok());
  EXPECT_FALSE(plain->transactional_id.has_value());
  EXPECT_EQ(plain->transaction_timeout, Millis{60'000});
  const auto named = read_producer_config(
      reachable().set("transactional.id", "till-7").set("transaction.timeout.ms", "1000"));
  ASSERT_TRUE(named.ok());
  EXPECT_EQ(named->transactional_id, "till-7");
  EXPECT_EQ(named->transaction_timeout, Millis{1000});
  EXPECT_TRUE(named->idempotent);

  struct Case {
    const char* name;
    const char* value;
    const char* wanted;
  };
  for (const Case& each : {Case{"enable.idempotence", "false", "true"}, Case{"acks", "1", "all"},
                           Case{"acks", "0", "all"}, Case{"retries", "0", "more than 0"},
                           Case{"max.in.flight.requests.per.connection", "6", "at most 5"}}) {
    const auto config = read_producer_config(
        reachable().set("transactional.id", "till-7").set(each.name, each.value));
    ASSERT_FALSE(config.ok()) << each.name;
    EXPECT_EQ(config.error().message,
              fmt::format("property {}: wanted {} with transactional.id, found {}", each.name,
                          each.wanted, each.value));
  }
  const auto nameless = read_producer_config(reachable().set("transactional.id", ""));
  ASSERT_FALSE(nameless.ok());
  EXPECT_THAT(nameless.error().message, HasSubstr("transactional.id: wanted a name"));
  EXPECT_FALSE(read_producer_config(reachable().set("transaction.timeout.ms", "0")).ok());
}

TEST(ClientConfig, WhatTheOtherGroupProtocolDecidesElsewhereCannotBeSet) {
  struct Case {
    std::string protocol;
    std::string property;
    std::string value;
    std::string names;  // what the message points at
  };
  const std::vector<Case> cases{
      {"consumer", "session.timeout.ms", "45000", "group.consumer.session.timeout.ms"},
      {"consumer", "heartbeat.interval.ms", "3000", "group.consumer.heartbeat.interval.ms"},
      {"CONSUMER", "partition.assignment.strategy", "range", "group.remote.assignor"},
      {"classic", "group.remote.assignor", "uniform", "partition.assignment.strategy"},
  };
  for (const auto& [protocol, property, value, names] : cases) {
    const auto config =
        read_consumer_config(reachable().set("group.protocol", protocol).set(property, value));
    ASSERT_FALSE(config.ok()) << property;
    EXPECT_EQ(config.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(config.error().message, HasSubstr("property " + property + ": cannot be set"));
    EXPECT_THAT(config.error().message, HasSubstr(names));
    EXPECT_THAT(config.error().message, HasSubstr("found " + value));
  }
  const auto consumer = read_consumer_config(
      reachable().set("group.protocol", "consumer").set("group.remote.assignor", "range"));
  ASSERT_TRUE(consumer.ok()) << consumer.error().message;
  EXPECT_EQ(consumer->group_protocol, GroupProtocol::kConsumer);
  EXPECT_EQ(consumer->remote_assignor, "range");
  EXPECT_EQ(read_consumer_config(reachable())->group_protocol, GroupProtocol::kClassic);
  EXPECT_THAT(problem_of(ClientKind::kConsumer, {{"group.protocol", "share"}}),
              HasSubstr("wanted one of classic, consumer"));
}

TEST(ClientConfig, TheHeartbeatMustFitIntoTheSession) {
  const auto config = read_consumer_config(
      reachable().set("session.timeout.ms", "3000").set("heartbeat.interval.ms", "3000"));
  ASSERT_FALSE(config.ok());
  EXPECT_THAT(config.error().message, HasSubstr("heartbeat.interval.ms"));
}

}  // namespace
}  // namespace millrace::client
