// A value on its way from one thread to another.
#include "io/handoff.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace millrace::io {
namespace {

class HandoffTest : public ::testing::Test {
 protected:
  const std::unique_ptr<Env> env_ = make_system_env();
};

TEST_F(HandoffTest, GivesWhatWasPutBeforeItWasAskedFor) {
  Handoff<std::string> handoff(*env_);
  handoff.put("value");
  EXPECT_EQ(handoff.take(), "value");
}

TEST_F(HandoffTest, LetsTheCallerWaitForAnotherThread) {
  for (int round = 0; round < 200; ++round) {
    const auto handoff = std::make_shared<Handoff<int>>(*env_);
    const auto thread = env_->start_thread("giver", [handoff, round] { handoff->put(round); });
    EXPECT_EQ(handoff->take(), round);
    thread->join();
  }
}

TEST_F(HandoffTest, KeepsTheFirstOfTwoValues) {
  Handoff<int> handoff(*env_);
  handoff.put(1);
  handoff.put(2);
  EXPECT_EQ(handoff.take(), 1);
}

TEST_F(HandoffTest, GivesTheFirstToArriveOfManyThreads) {
  const auto handoff = std::make_shared<Handoff<int>>(*env_);
  std::vector<std::unique_ptr<Thread>> threads;
  for (int giver = 1; giver <= 8; ++giver)
    threads.push_back(env_->start_thread("giver", [handoff, giver] { handoff->put(giver); }));
  const int taken = handoff->take();
  EXPECT_GE(taken, 1);
  EXPECT_LE(taken, 8);
  for (const auto& thread : threads) thread->join();
}

TEST_F(HandoffTest, TakesWhatCanOnlyBeMovedAndAStatusThatFailed) {
  Handoff<std::unique_ptr<int>> owner(*env_);
  owner.put(std::make_unique<int>(7));
  EXPECT_EQ(*owner.take(), 7);
  Handoff<Status> status(*env_);
  status.put(Error{ErrorCode::kIo, "no"});
  EXPECT_EQ(status.take().error().message, "no");
}

/// The giver may come late, when whoever waited is gone: it owns the handoff too.
TEST_F(HandoffTest, OutlivesTheTaker) {
  auto handoff = std::make_shared<Handoff<int>>(*env_);
  const std::weak_ptr<Handoff<int>> left = handoff;
  auto giver = [handoff = std::move(handoff)] { handoff->put(1); };
  giver();
  EXPECT_FALSE(left.expired());
  EXPECT_EQ(left.lock()->take(), 1);
}

}  // namespace
}  // namespace millrace::io
