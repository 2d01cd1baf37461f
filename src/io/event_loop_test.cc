#include "io/event_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <string>
#include <thread>
#include <vector>

#include "io/testing/loop_fixture.h"

namespace millrace::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class EventLoopTest : public LoopTest {};

TEST_F(EventLoopTest, TimersFireInTheOrderOfTheirDeadlines) {
  std::vector<int> fired;
  loop_->call_after(Millis{20}, [&] { fired.push_back(20); });
  loop_->call_after(Millis{5}, [&] { fired.push_back(5); });
  loop_->call_after(Millis{10}, [&] { fired.push_back(10); });
  loop_->call_after(Millis{0}, [&] { fired.push_back(0); });
  run_until([&] { return fired.size() == 4; });

  EXPECT_THAT(fired, ElementsAre(0, 5, 10, 20));
}

TEST_F(EventLoopTest, ACancelledTimerDoesNotFireAndFiredOnesMayBeCancelled) {
  bool cancelled_ran = false;
  TimerId first = 0;
  TimerId second = 0;
  bool done = false;
  second = loop_->call_after(Millis{2}, [&] { cancelled_ran = true; });
  first = loop_->call_after(Millis{1}, [&] {
    loop_->cancel(second);
    loop_->cancel(first);
    loop_->cancel(0);
    loop_->call_after(Millis{5}, [&] { done = true; });
  });
  run_until([&] { return done; });

  EXPECT_FALSE(cancelled_ran);
}

TEST_F(EventLoopTest, PostsOfEachThreadRunInTheirOrderOnTheLoop) {
  constexpr int kThreads = 4;
  constexpr int kPosts = 5000;
  std::vector<std::vector<int>> seen(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kPosts; ++i) {
        loop_->post([&, t, i] {
          EXPECT_TRUE(loop_->is_loop_thread());
          seen[static_cast<std::size_t>(t)].push_back(i);
        });
      }
    });
  }
  EXPECT_FALSE(loop_->is_loop_thread());
  run_until([&] {
    std::size_t total = 0;
    for (const auto& each : seen) total += each.size();
    return total == std::size_t{kThreads} * kPosts;
  });
  for (std::thread& thread : threads) thread.join();

  for (const auto& each : seen) EXPECT_TRUE(std::is_sorted(each.begin(), each.end()));
}

TEST_F(EventLoopTest, StopsFromAnotherThreadAndRunsAgain) {
  std::thread stopper([this] { loop_->stop(); });
  loop_->run();
  stopper.join();
  bool ran = false;
  loop_->post([&] { ran = true; });
  run_until([&] { return ran; });
}

TEST_F(EventLoopTest, AnIdleLoopUsesNoProcessorTime) {
  loop_->call_after(Millis{200}, [this] { loop_->stop(); });
  const auto used = [] {
    rusage usage{};
    ::getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_utime.tv_sec * 1'000'000 + usage.ru_utime.tv_usec +
           usage.ru_stime.tv_sec * 1'000'000 + usage.ru_stime.tv_usec;
  };
  const auto before = used();
  loop_->run();
  EXPECT_LT(used() - before, 20'000);
}

TEST_F(EventLoopTest, APortInUseIsNamedWithWhatToDo) {
  listen([](std::unique_ptr<Connection>) {});
  const Endpoint taken = listener_->local_endpoint();

  const auto second = loop_->network().listen(taken, {}, [](std::unique_ptr<Connection>) {});

  EXPECT_EQ(second.error().code, ErrorCode::kIo);
  EXPECT_THAT(second.error().message, HasSubstr(taken.to_string()));
  EXPECT_THAT(second.error().message, HasSubstr("in use"));
  EXPECT_THAT(second.error().message, HasSubstr("another port"));
}

TEST_F(EventLoopTest, SeveralLoopsMayShareAPort) {
  const auto ignore = [](std::unique_ptr<Connection>) {};
  const Endpoint any{.host = "127.0.0.1", .port = 0};
  const auto first = loop_->network().listen(any, {.sharing = PortSharing::kAmongLoops}, ignore);
  ASSERT_TRUE(first.ok());
  const auto other = make_event_loop();

  const auto second = other->network().listen(first.value()->local_endpoint(),
                                              {.sharing = PortSharing::kAmongLoops}, ignore);

  EXPECT_TRUE(second.ok()) << second.error().message;
}

TEST_F(EventLoopTest, AHostThatDoesNotResolveOrIsNotOursIsRefused) {
  const auto ignore = [](std::unique_ptr<Connection>) {};
  EXPECT_EQ(loop_->network().listen({.host = "no such host", .port = 0}, {}, ignore).error().code,
            ErrorCode::kInvalidArgument);
  const auto foreign = loop_->network().listen({.host = "192.0.2.1", .port = 0}, {}, ignore);
  EXPECT_THAT(foreign.error().message, HasSubstr("no such address"));
}

TEST_F(EventLoopTest, LocalhostAndAllAddressesCanBeReached) {
  for (const std::string host : {"localhost", "*", "0.0.0.0"}) {
    int accepted = 0;
    auto listener = loop_->network().listen({.host = host, .port = 0}, {},
                                            [&](std::unique_ptr<Connection>) { ++accepted; });
    ASSERT_TRUE(listener.ok()) << listener.error().message;
    const std::uint16_t port = listener.value()->local_endpoint().port;
    EXPECT_NE(port, 0);
    EXPECT_EQ(listener.value()->local_endpoint().host, host);

    int connected = 0;
    for (const std::string target : {"localhost", "127.0.0.1"}) {
      loop_->network().connect({.host = target, .port = port}, Millis{5000}, [&](auto made) {
        EXPECT_TRUE(made.ok()) << made.error().message;
        ++connected;
      });
    }
    run_until([&] { return connected == 2 && accepted == 2; });
  }
}

TEST_F(EventLoopTest, ConnectingToNobodyIsRefusedWithTheAddress) {
  listen([](std::unique_ptr<Connection>) {});
  const Endpoint gone = listener_->local_endpoint();
  listener_.reset();
  std::optional<Error> failure;
  loop_->network().connect(gone, Millis{5000}, [&](auto made) { failure = made.error(); });
  EXPECT_FALSE(failure.has_value());
  run_until([&] { return failure.has_value(); });

  EXPECT_EQ(failure->code, ErrorCode::kIo);
  EXPECT_EQ(failure->detail, ECONNREFUSED);
  EXPECT_THAT(failure->message, HasSubstr(gone.to_string()));
}

TEST_F(EventLoopTest, ConnectingToANameThatDoesNotResolveFails) {
  std::optional<Error> failure;
  loop_->network().connect({.host = "no such host", .port = 1}, Millis{10'000},
                           [&](auto made) { failure = made.error(); });
  run_until([&] { return failure.has_value(); });

  EXPECT_THAT(failure->message, HasSubstr("no such host"));
}

TEST_F(EventLoopTest, ConnectingTimesOut) {
  // A full backlog does not answer.
  const UniqueFd busy(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = byte_swapped(std::uint32_t{INADDR_LOOPBACK});
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(busy.get(), plain, size), 0);
  ASSERT_EQ(::listen(busy.get(), 0), 0);
  ASSERT_EQ(::getsockname(busy.get(), plain, &size), 0);
  const Endpoint endpoint{.host = "127.0.0.1", .port = byte_swapped(address.sin_port)};

  std::vector<std::unique_ptr<Connection>> made;
  std::optional<Error> failure;
  for (int i = 0; i < 4; ++i) {
    loop_->network().connect(endpoint, Millis{100}, [&](auto outcome) {
      if (outcome.ok()) {
        made.push_back(std::move(outcome).value());
      } else {
        failure = outcome.error();
      }
    });
  }
  run_until([&] { return failure.has_value(); });

  EXPECT_EQ(failure->code, ErrorCode::kTimeout);
  EXPECT_THAT(failure->message, HasSubstr("100 ms"));
}

TEST_F(EventLoopTest, TheListenerMayGoFromInsideItsCallback) {
  bool accepted = false;
  listen([&](std::unique_ptr<Connection>) {
    accepted = true;
    listener_.reset();
  });
  const UniqueFd raw = connect_raw();
  run_until([&] { return accepted; });
}

}  // namespace
}  // namespace millrace::io
