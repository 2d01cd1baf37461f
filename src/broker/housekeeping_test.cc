// Housekeeping on virtual time: its chores are done without anybody asking.
#include "broker/housekeeping.h"

#include <gtest/gtest.h>

#include "broker/testing/core_fixture.h"

namespace millrace::broker {
namespace {

class HousekeepingTest : public CoreFixture {};

TEST_F(HousekeepingTest, RemovesTheFilesOfADeletedTopicAfterTheirDelay) {
  const Housekeeping housekeeping(env(), *core_);
  make_topic("orders", 1, {{"file.delete.delay.ms", "60000"}});
  ASSERT_TRUE(state().topics.remove("orders").ok());
  const auto is_there = [&] {
    const auto entries = env().files().list("/data").value();
    return std::any_of(entries.begin(), entries.end(), [](const io::DirectoryEntry& entry) {
      return entry.name.starts_with("orders-");
    });
  };

  run_for(Millis{50'000});
  EXPECT_TRUE(is_there());
  run_for(Millis{30'000});
  EXPECT_FALSE(is_there());
}

}  // namespace
}  // namespace millrace::broker
