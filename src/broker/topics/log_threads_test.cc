#include "broker/topics/log_threads.h"

#include <gtest/gtest.h>

#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "sim/sim_env.h"

namespace millrace::broker {
namespace {

constexpr std::size_t kLogs = 7;

Status refuse(std::size_t index) {
  return Error{ErrorCode::kIo, std::to_string(index)};
}

TEST(LogThreads, DoesEachOnceHoweverManyThreadsThereAre) {
  sim::SimWorld world(1);
  for (const std::int32_t threads : {1, 2, 100}) {
    std::vector<int> times(kLogs);
    const LogThreads logs(world.host("broker"), threads, "logs");

    const Status status = logs.for_each(kLogs, AfterFailure::kStop, [&](std::size_t index) {
      ++times[index];
      return Status{};
    });

    EXPECT_TRUE(status.ok());
    EXPECT_EQ(times, std::vector<int>(kLogs, 1)) << threads;
  }
}

TEST(LogThreads, WorksOnTwoLogsAtATime) {
  const auto env = io::make_system_env();
  const auto met = env->make_condition();
  std::mutex mutex;
  std::size_t begun = 0;
  bool have_met = true;

  const Status status =
      LogThreads(*env, 2, "logs").for_each(2, AfterFailure::kStop, [&](std::size_t) {
        std::unique_lock lock(mutex);
        ++begun;
        met->notify_all();
        have_met &= met->wait_for(lock, env->clock(), Millis{30'000}, [&] { return begun == 2; });
        return Status{};
      });

  EXPECT_TRUE(status.ok());
  EXPECT_TRUE(have_met);
}

TEST(LogThreads, SaysTheFirstFailureAndBeginsNothingAfterIt) {
  sim::SimWorld world(1);
  std::set<std::size_t> begun;

  const Status status = LogThreads(world.host("broker"), 2, "logs")
                            .for_each(kLogs, AfterFailure::kStop, [&](std::size_t index) {
                              begun.insert(index);
                              return index < 2 ? Status{} : refuse(index);
                            });

  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message, "2");
  EXPECT_EQ(begun, (std::set<std::size_t>{0, 1, 2}));
}

TEST(LogThreads, DoesTheRestInSpiteOfAFailureWhereThatIsWanted) {
  sim::SimWorld world(1);
  std::size_t count = 0;

  const Status status = LogThreads(world.host("broker"), 2, "logs")
                            .for_each(kLogs, AfterFailure::kGoOn, [&](std::size_t index) {
                              ++count;
                              return index == 5 || index == 3 ? refuse(index) : Status{};
                            });

  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message, "3");
  EXPECT_EQ(count, kLogs);
}

}  // namespace
}  // namespace millrace::broker
