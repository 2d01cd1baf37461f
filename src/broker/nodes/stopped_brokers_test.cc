// The list of stopped brokers: what it says, and what a change of it asks for.
#include "broker/nodes/stopped_brokers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/error_codes.h"

namespace millrace::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const BrokerId k1{1};
const BrokerId k2{2};
const BrokerId k3{3};

NodeList three(bool runs1, bool runs2, bool runs3) {
  return {{.id = k1, .is_running = runs1},
          {.id = k2, .is_running = runs2},
          {.id = k3, .is_running = runs3}};
}

TEST(StoppedBrokers, AreListedByTheirIds) {
  EXPECT_EQ(stopped_brokers(three(true, true, true)), "");
  EXPECT_EQ(stopped_brokers(three(true, false, true)), "2");
  EXPECT_EQ(stopped_brokers(three(false, true, false)), "1,3");
}

TEST(StoppedBrokers, WhatDiffersFromTheListIsTurned) {
  const auto turns = turns_to(three(true, false, true), "3", k1).value();
  EXPECT_THAT(turns.start, ElementsAre(k2));
  EXPECT_THAT(turns.stop, ElementsAre(k3));
  const auto nothing = turns_to(three(true, false, true), " 2 ,2", k1).value();
  EXPECT_THAT(nothing.start, IsEmpty());
  EXPECT_THAT(nothing.stop, IsEmpty());
  EXPECT_THAT(turns_to(three(true, false, true), "", k1)->start, ElementsAre(k2));
}

TEST(StoppedBrokers, WhoIsAskedStopsLast) {
  EXPECT_THAT(turns_to(three(true, true, true), "1,2", k1)->stop, ElementsAre(k2, k1));
}

TEST(StoppedBrokers, SomebodyHasToRunAndIdsToBeBrokers) {
  for (const auto& [list, says] : std::vector<std::pair<std::string, std::string>>{
           {"1,2,3", "found all of them"},
           {"4", "of which there are 1, 2, 3, found '4'"},
           {"two", "found 'two'"},
           {"1,,2", "found ''"},
           {"99999999999", "found '99999999999'"}}) {
    const auto turns = turns_to(three(true, true, true), list, k1);
    ASSERT_FALSE(turns.ok()) << list;
    EXPECT_EQ(wire::kafka_error_of(turns.error()), wire::KafkaError::kInvalidConfig);
    EXPECT_THAT(turns.error().message, HasSubstr(says));
    EXPECT_THAT(turns.error().message, HasSubstr("millrace.brokers.stopped: wanted"));
  }
}

}  // namespace
}  // namespace millrace::broker
