// A loop, a listener on a free port and connections on both sides, for tests.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/byte_order.h"
#include "base/random.h"
#include "io/event_loop.h"
#include "io/network.h"
#include "io/unique_fd.h"

namespace millrace::io {

inline constexpr std::size_t kTestFrameMax = 64 * 1024 * 1024;

/// The frame as it goes over the wire.
inline std::string with_prefix(std::string_view frame) {
  std::string bytes(4, '\0');
  store_big_endian(bytes.data(), static_cast<std::int32_t>(frame.size()));
  return bytes.append(frame);
}

inline Chunks chunks_of(std::string_view bytes) {
  return one_chunk(Buffer::copy_of(bytes));
}

inline std::string random_bytes(std::size_t size, std::uint64_t seed) {
  Random random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.below(256));
  return bytes;
}

class LoopTest : public ::testing::Test {
 protected:
  /// Runs the loop until `done`, or fails after a while.
  void run_until(const std::function<bool()>& done) {
    const TimerId watchdog = loop_->call_after(Millis{20'000}, [this] {
      ADD_FAILURE() << "the loop waited for something that did not come";
      loop_->stop();
    });
    std::function<void()> poll = [&] {
      if (done()) {
        loop_->stop();
      } else {
        loop_->call_after(Millis{1}, poll);
      }
    };
    loop_->post(poll);
    loop_->run();
    loop_->cancel(watchdog);
  }

  void listen(std::function<void(std::unique_ptr<Connection>)> on_accept) {
    auto listener =
        loop_->network().listen({.host = "127.0.0.1", .port = 0}, {}, std::move(on_accept));
    ASSERT_TRUE(listener.ok()) << listener.error().message;
    listener_ = std::move(listener).value();
  }

  /// Listens, connects, and sets server_ and client_, neither started.
  void connect_pair() {
    listen([this](std::unique_ptr<Connection> made) { server_ = std::move(made); });
    loop_->network().connect(listener_->local_endpoint(), Millis{5000}, [this](auto made) {
      ASSERT_TRUE(made.ok()) << made.error().message;
      client_ = std::move(made).value();
    });
    run_until([this] { return server_ != nullptr && client_ != nullptr; });
  }

  /// A plain blocking socket to the listener, to send it what no Connection would.
  UniqueFd connect_raw() {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = byte_swapped(listener_->local_endpoint().port);
    address.sin_addr.s_addr = byte_swapped(std::uint32_t{INADDR_LOOPBACK});
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }

  /// What a connection received and how it ended.
  struct Log {
    std::vector<std::string> frames;
    std::optional<Error> closed;
  };
  static ConnectionHandler record_in(Log& log) {
    return {.on_frame = [&log](Buffer frame) { log.frames.emplace_back(frame.view()); },
            .on_closed = [&log](const Error& reason) { log.closed = reason; }};
  }

  std::unique_ptr<EventLoop> loop_ = make_event_loop();
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Connection> server_;
  std::unique_ptr<Connection> client_;
};

}  // namespace millrace::io
