#include "sim/sim_scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "sim/sim_env.h"

namespace millrace::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

TEST(SimScheduler, TimeJumpsToTheNextTimerAndNoFurther) {
  SimScheduler scheduler(1);
  SimLane lane(scheduler);
  const MonotonicTime start = scheduler.now();
  std::vector<std::int64_t> fired;
  const auto record = [&] { fired.push_back((scheduler.now() - start) / 1s); };
  lane.call_after(3600s, record);
  lane.call_after(10s, record);
  const io::TimerId cancelled = lane.call_after(20s, record);
  lane.cancel(cancelled);

  while (scheduler.step()) {
  }
  EXPECT_THAT(fired, ElementsAre(10, 3600));
}

TEST(SimScheduler, RunForLeavesTheTimeAtItsEnd) {
  SimScheduler scheduler(1);
  SimLane lane(scheduler);
  const MonotonicTime start = scheduler.now();
  const Timestamp wall = scheduler.clock().wall();
  int fired = 0;
  lane.call_after(1s, [&] { ++fired; });
  lane.call_after(2s, [&] { ++fired; });

  scheduler.run_for(1500ms);

  EXPECT_EQ(fired, 1);
  EXPECT_EQ(scheduler.now() - start, 1500ms);
  EXPECT_EQ(scheduler.clock().wall().value() - wall.value(), 1500);
}

std::string order_of(std::uint64_t seed) {
  SimScheduler scheduler(seed);
  SimLane a(scheduler);
  SimLane b(scheduler);
  std::string order;
  for (int i = 0; i < 8; ++i) {
    a.post([&order, i] { order += static_cast<char>('a' + i); });
    b.post([&order, i] { order += static_cast<char>('A' + i); });
  }
  while (scheduler.step()) {
  }
  return order;
}

TEST(SimScheduler, OneSeedIsOneOrderAndSeedsDiffer) {
  std::set<std::string> orders;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const std::string order = order_of(seed);
    EXPECT_EQ(order, order_of(seed));
    orders.insert(order);
    std::string lower = order;
    std::erase_if(lower, [](char c) { return c < 'a'; });
    EXPECT_EQ(lower, "abcdefgh") << "tasks of one lane stay in order";
  }
  EXPECT_GT(orders.size(), 10U);
}

TEST(SimScheduler, RunUntilSaysWhenNothingIsLeftOrTheLimitIsReached) {
  SimScheduler scheduler(1);
  SimLane lane(scheduler);
  EXPECT_FALSE(scheduler.run_until([] { return false; }, 1s));
  std::function<void()> again = [&] { lane.call_after(1ms, again); };
  again();
  EXPECT_FALSE(scheduler.run_until([] { return false; }, 1s));
  EXPECT_TRUE(scheduler.run_until([] { return true; }, 1s));
}

TEST(SimScheduler, AStoppedLoopRunsNothingAndRunDrivesUntilStopped) {
  SimWorld world(5);
  const auto loop = world.host("a").make_loop();
  const auto other = world.host("b").make_loop();
  bool other_ran = false;
  other->post([&] { other_ran = true; });
  loop->call_after(Millis{5}, [&] { loop->stop(); });
  loop->run();
  EXPECT_TRUE(other_ran);

  bool ran = false;
  loop->stop();
  loop->post([&] { ran = true; });
  world.scheduler().run_for(1s);
  EXPECT_FALSE(ran);
}

TEST(SimScheduler, TheWallClockCanJumpAlone) {
  SimClock clock;
  const MonotonicTime monotonic = clock.monotonic();
  const Timestamp wall = clock.wall();
  clock.shift_wall(-1h);

  EXPECT_EQ(clock.monotonic(), monotonic);
  EXPECT_EQ(clock.wall().value(), wall.value() - 3'600'000);
}

}  // namespace
}  // namespace millrace::sim
