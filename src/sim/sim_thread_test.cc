#include "sim/sim_thread.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "sim/sim_env.h"

namespace millrace::sim {
namespace {

using namespace std::chrono_literals;

/// A queue of one place between threads, as components build them.
class Mailbox {
 public:
  explicit Mailbox(io::Env& env) : clock_(env.clock()), changed_(env.make_condition()) {}

  void put(int value) {
    {
      const std::lock_guard lock(mutex_);
      values_.push_back(value);
    }
    changed_->notify_all();
  }
  /// -1 when nothing came in time.
  int take(Millis timeout = Millis::max()) {
    std::unique_lock lock(mutex_);
    if (!changed_->wait_for(lock, clock_, timeout, [this] { return !values_.empty(); })) return -1;
    const int value = values_.front();
    values_.erase(values_.begin());
    return value;
  }

 private:
  const Clock& clock_;
  std::mutex mutex_;
  const std::unique_ptr<io::Condition> changed_;
  std::vector<int> values_;
};

TEST(SimThread, PassesValuesToAThreadThatWaits) {
  SimWorld world(1);
  SimEnv& host = world.host("a");
  Mailbox there(host);
  Mailbox back(host);
  const auto thread = host.start_thread("doubler", [&] {
    for (int value = there.take(); value != 0; value = there.take()) back.put(2 * value);
  });

  for (int value = 1; value <= 3; ++value) {
    there.put(value);
    EXPECT_EQ(back.take(), 2 * value);
  }
  there.put(0);
  thread->join();
}

TEST(SimThread, WaitingCostsVirtualTimeOnly) {
  SimWorld world(1);
  SimEnv& host = world.host("a");
  Mailbox never(host);
  const MonotonicTime start = host.clock().monotonic();
  MonotonicTime woken{};
  const auto thread = host.start_thread("sleeper", [&] {
    EXPECT_EQ(never.take(std::chrono::hours{24}), -1);
    woken = host.clock().monotonic();
  });

  EXPECT_EQ(never.take(Millis{10}), -1) << "the main thread waits as others do";
  EXPECT_EQ(host.clock().monotonic() - start, 10ms);
  thread->join();

  EXPECT_EQ(woken - start, 24h);
}

std::string order_of(std::uint64_t seed, std::uint64_t& fingerprint) {
  SimWorld world(seed);
  SimEnv& host = world.host("a");
  Mailbox turn(host);
  std::string order;
  std::vector<std::unique_ptr<io::Thread>> threads;
  for (char name = 'a'; name <= 'f'; ++name) {
    threads.push_back(host.start_thread(std::string(1, name), [&, name] {
      order += name;
      EXPECT_EQ(turn.take(Millis{5}), -1);
      order += name;
    }));
  }
  threads.clear();
  fingerprint = world.scheduler().fingerprint();
  return order;
}

TEST(SimThread, OneSeedIsOneOrderAndSeedsDiffer) {
  std::set<std::string> orders;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    const std::string order = order_of(seed, first);
    EXPECT_EQ(order, order_of(seed, second));
    EXPECT_EQ(first, second);
    orders.insert(order);
  }
  EXPECT_GT(orders.size(), 10U);
}

TEST(SimThread, ALoopOnAThreadRunsUntilItIsStoppedAndNothingAfterwards) {
  SimWorld world(3);
  SimEnv& host = world.host("a");
  const auto loop = host.make_loop();
  int ran = 0;
  bool was_on_loop = false;
  const auto thread = host.start_thread("loop", [&] { loop->run(); });
  loop->post([&] {
    was_on_loop = loop->is_loop_thread();
    loop->call_after(Millis{5}, [&] {
      ++ran;
      loop->stop();
      loop->post([&] { ++ran; });
    });
  });
  EXPECT_FALSE(loop->is_loop_thread());

  thread->join();
  world.scheduler().run_for(1s);

  EXPECT_TRUE(was_on_loop);
  EXPECT_EQ(ran, 1);
}

}  // namespace
}  // namespace millrace::sim
