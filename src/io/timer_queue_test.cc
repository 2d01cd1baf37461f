#include "io/timer_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace millrace::io {
namespace {

MonotonicTime at(int milliseconds) {
  return MonotonicTime{Millis{milliseconds}};
}

TEST(TimerQueue, GivesTasksInOrderOfDeadlineThenOfMaking) {
  TimerQueue timers;
  std::string order;
  timers.add(at(20), [&] { order += 'c'; });
  timers.add(at(10), [&] { order += 'a'; });
  timers.add(at(10), [&] { order += 'b'; });
  timers.add(at(30), [&] { order += 'd'; });

  while (const Task task = timers.take_due(at(20))) task();

  EXPECT_EQ(order, "abc");
  EXPECT_EQ(timers.next_deadline(), at(30));
}

TEST(TimerQueue, CancelledAndUnknownTimersAreGone) {
  TimerQueue timers;
  const TimerId timer = timers.add(at(1), [] {});
  timers.cancel(timer);
  timers.cancel(timer);
  timers.cancel(0);
  timers.cancel(999);

  EXPECT_TRUE(timers.empty());
  EXPECT_EQ(timers.next_deadline(), std::nullopt);
  EXPECT_FALSE(timers.take_due(at(100)));
}

TEST(TimerQueue, ATaskThatIsDroppedMayCancelOthers) {
  TimerQueue timers;
  const TimerId other = timers.add(at(2), [] {});
  std::shared_ptr<int> owner(new int(0), [&](const int* value) {
    delete value;
    timers.cancel(other);
  });
  const TimerId timer = timers.add(at(1), [owner = std::move(owner)] {});
  timers.cancel(timer);

  EXPECT_TRUE(timers.empty());
}

}  // namespace
}  // namespace millrace::io
