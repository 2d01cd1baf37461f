#include "cli/config_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::cli {
namespace {

using client::ConfigChange;
using testing::HasSubstr;
using testing::UnorderedElementsAre;
using enum client::ConfigChange::Operation;

TEST(ConfigChangeOptions, SayWhatBecomesOfEachProperty) {
  const auto changes = parse_config_changes({.set = {"retention.ms=5", "a=b=c", "empty="},
                                             .removed = {"segment.ms"},
                                             .appended = {"cleanup.policy=compact"},
                                             .subtracted = {"list=x,y"}});
  ASSERT_TRUE(changes.ok());
  EXPECT_THAT(
      *changes,
      UnorderedElementsAre(ConfigChange{"retention.ms", kSet, "5"}, ConfigChange{"a", kSet, "b=c"},
                           ConfigChange{"empty", kSet, ""}, ConfigChange{"segment.ms", kDelete, ""},
                           ConfigChange{"cleanup.policy", kAppend, "compact"},
                           ConfigChange{"list", kSubtract, "x,y"}));
}

TEST(ConfigChangeOptions, ThatSayNothingOrTwoThingsAreRefused) {
  EXPECT_THAT(parse_config_changes({}).error().message, HasSubstr("found none"));
  EXPECT_THAT(parse_config_changes({.set = {"retention.ms"}}).error().message,
              HasSubstr("wanted --config name=value"));
  EXPECT_THAT(parse_config_changes({.appended = {"=5"}}).error().message,
              HasSubstr("wanted --append name=value"));
  EXPECT_THAT(parse_config_changes({.set = {"a=1"}, .removed = {"a"}}).error().message,
              HasSubstr("one change of a"));
}

}  // namespace
}  // namespace millrace::cli
