#include "sim/sim_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "sim/sim_env.h"

namespace millrace::sim {
namespace {

using namespace std::chrono_literals;

/// A server that echoes and a client, on two hosts.
class SimNetworkTest : public ::testing::Test {
 protected:
  io::Chunks chunks_of(std::string_view bytes) { return io::one_chunk(Buffer::copy_of(bytes)); }

  void listen() {
    auto listener = server_loop_->network().listen(
        {.host = "*", .port = 9092}, {}, [this](std::unique_ptr<io::Connection> made) {
          io::Connection& server = *made;
          server.start(
              {.on_frame =
                   [&server](Buffer frame) { server.send(io::one_chunk(std::move(frame))); },
               .on_closed = [this](const Error& reason) { server_closed_ = reason; }},
              1000);
          server_ = std::move(made);
        });
    ASSERT_TRUE(listener.ok());
    listener_ = std::move(listener).value();
  }

  void connect() {
    client_loop_->network().connect(
        {.host = "server", .port = 9092}, Millis{1000}, [this](auto made) {
          if (!made.ok()) {
            failure_ = made.error();
            return;
          }
          client_ = std::move(made).value();
          client_->start({.on_frame = [this](Buffer frame) { frames_.emplace_back(frame.view()); },
                          .on_closed = [this](const Error& reason) { client_closed_ = reason; }},
                         1000);
        });
    run_until([this] { return client_ != nullptr || failure_; });
  }

  void run_until(const std::function<bool()>& done) {
    EXPECT_TRUE(world_.scheduler().run_until(done, 60s));
  }

  SimWorld world_{42};
  std::unique_ptr<io::EventLoop> server_loop_ = world_.host("server").make_loop();
  std::unique_ptr<io::EventLoop> client_loop_ = world_.host("client").make_loop();
  std::unique_ptr<io::Listener> listener_;
  std::unique_ptr<io::Connection> server_;
  std::unique_ptr<io::Connection> client_;
  std::vector<std::string> frames_;
  std::optional<Error> failure_;
  std::optional<Error> server_closed_;
  std::optional<Error> client_closed_;
};

TEST_F(SimNetworkTest, FramesComeBackInOrderWhateverTheirLatency) {
  listen();
  connect();
  std::vector<std::string> sent;
  for (int i = 0; i < 500; ++i) sent.push_back(std::to_string(i));
  for (const std::string& frame : sent) client_->send(chunks_of(frame));
  run_until([&] { return frames_.size() == sent.size(); });

  EXPECT_EQ(frames_, sent);
  EXPECT_EQ(client_->unsent_bytes(), 0U);
  EXPECT_EQ(client_->peer().to_string(), "server:9092");
}

TEST_F(SimNetworkTest, AFrameMayBePartlyInASimulatedFile) {
  listen();
  connect();
  io::FileSystem& files = world_.host("client").files();
  std::shared_ptr<io::File> file = files.open("log", io::OpenMode::kCreateOrReadWrite).value();
  ASSERT_TRUE(file->append("0123456789").ok());
  io::Chunks chunks = chunks_of("head ");
  chunks.emplace_back(io::FileSlice{.file = file, .position = 2, .size_bytes = 5});
  client_->send(std::move(chunks));
  run_until([&] { return !frames_.empty(); });
  EXPECT_EQ(frames_[0], "head 23456");

  chunks = chunks_of("head ");
  chunks.emplace_back(io::FileSlice{.file = file, .position = 2, .size_bytes = 9});
  client_->send(std::move(chunks));
  run_until([&] { return client_closed_ && server_closed_; });
  EXPECT_EQ(client_closed_->code, ErrorCode::kIo);
}

TEST_F(SimNetworkTest, NobodyListeningIsARefusalAndAnIsolatedHostATimeout) {
  connect();
  EXPECT_EQ(failure_->detail, ECONNREFUSED);

  listen();
  failure_.reset();
  world_.network().isolate("server");
  connect();
  EXPECT_EQ(failure_->code, ErrorCode::kTimeout);

  failure_.reset();
  world_.network().heal("server");
  connect();
  EXPECT_NE(client_, nullptr);
}

TEST_F(SimNetworkTest, FramesWaitUntilAnIsolatedHostIsBack) {
  listen();
  connect();
  world_.network().isolate("client");
  client_->send(chunks_of("x"));
  world_.scheduler().run_for(10s);
  EXPECT_TRUE(frames_.empty());

  world_.network().heal("client");
  run_until([&] { return frames_.size() == 1; });
}

TEST_F(SimNetworkTest, CloseAndDestructionReachThePeer) {
  listen();
  connect();
  client_->close();
  client_->close();
  run_until([&] { return client_closed_ && server_closed_; });

  client_.reset();
  client_closed_.reset();
  connect();
  server_.reset();
  run_until([&] { return client_closed_.has_value(); });
}

TEST_F(SimNetworkTest, CloseAfterFlushDeliversEverythingFirst) {
  listen();
  connect();
  run_until([&] { return server_ != nullptr; });
  for (int i = 0; i < 50; ++i) server_->send(chunks_of("x"));
  server_->close_after_flush();
  run_until([&] { return client_closed_ && server_closed_; });

  EXPECT_EQ(frames_.size(), 50U);
}

TEST_F(SimNetworkTest, BackPressureEndsWhenThePeerReadsAgain) {
  listen();
  connect();
  run_until([&] { return server_ != nullptr; });
  server_->pause_reading();
  for (int i = 0; i < 50; ++i) client_->send(chunks_of(std::string(100, 'x')));
  bool below = false;
  client_->when_unsent_below(0, [&] { below = true; });
  world_.scheduler().run_for(1s);
  EXPECT_FALSE(below);

  server_->resume_reading();
  run_until([&] { return below && frames_.size() == 50; });
}

TEST_F(SimNetworkTest, AFrameThatIsTooLargeEndsTheConnection) {
  listen();
  connect();
  client_->send(chunks_of(std::string(1001, 'x')));
  run_until([&] { return client_closed_ && server_closed_; });

  EXPECT_EQ(server_closed_->code, ErrorCode::kTooLarge);
}

TEST_F(SimNetworkTest, BrokenConnectionsAreToldToBothSides) {
  listen();
  connect();
  run_until([&] { return server_ != nullptr; });
  world_.network().reset_connections("server");
  run_until([&] { return client_closed_ && server_closed_; });

  client_.reset();
  client_closed_.reset();
  server_closed_.reset();
  connect();
  world_.network().options().frame_reset_chance = 1;
  client_->send(chunks_of("x"));
  run_until([&] { return client_closed_ && server_closed_; });
  EXPECT_TRUE(frames_.empty());
}

TEST_F(SimNetworkTest, APortIsTakenOnceOnAHost) {
  listen();
  const auto ignore = [](std::unique_ptr<io::Connection>) {};
  EXPECT_EQ(server_loop_->network()
                .listen({.host = "localhost", .port = 9092}, {}, ignore)
                .error()
                .detail,
            EADDRINUSE);
  EXPECT_TRUE(client_loop_->network().listen({.host = "localhost", .port = 9092}, {}, ignore).ok());
  EXPECT_EQ(
      client_loop_->network().listen({.host = "server", .port = 1}, {}, ignore).error().detail,
      EADDRNOTAVAIL);
}

TEST_F(SimNetworkTest, ACutOfPowerLosesUnsyncedFilesAndConnections) {
  listen();
  connect();
  SimEnv& host = world_.host("server");
  ASSERT_TRUE(host.files().replace_atomically("kept", "x").ok());
  SimEnv& after = world_.crash("server", SimNetwork::Kernel::kLivesOn);
  run_until([&] { return client_closed_.has_value(); });

  EXPECT_EQ(&world_.host("server"), &after);
  EXPECT_EQ(after.files().read_all("kept").value(), "x");
  EXPECT_EQ(host.files().read_all("kept").value(), "x") << "the ghost still reads its own disk";
}

TEST_F(SimNetworkTest, AfterTheDeathOfAMachineItsPeersHearNothingUntilItListensAgain) {
  listen();
  connect();
  world_.crash("server", SimNetwork::Kernel::kDies);
  client_->send(chunks_of("lost"));
  world_.scheduler().run_for(std::chrono::minutes{5});
  EXPECT_FALSE(client_closed_.has_value());

  const auto loop = world_.host("server").make_loop();
  const auto listener = loop->network().listen({.host = "localhost", .port = 9092}, {},
                                               [](std::unique_ptr<io::Connection>) {});
  ASSERT_TRUE(listener.ok());
  client_->send(chunks_of("who are you"));
  run_until([&] { return client_closed_.has_value(); });
}

TEST_F(SimNetworkTest, AGhostReachesNobody) {
  SimEnv& ghost = world_.host("client");
  world_.crash("client", SimNetwork::Kernel::kLivesOn);
  listen();
  const auto loop = ghost.make_loop();
  std::optional<ErrorCode> outcome;
  loop->network().connect({.host = "server", .port = 9092}, Millis{1000},
                          [&](auto connected) { outcome = connected.error().code; });
  run_until([&] { return outcome.has_value(); });

  EXPECT_EQ(outcome, ErrorCode::kTimeout);
}

TEST_F(SimNetworkTest, OfAHalfOpenConnectionOnlyOneEndLearnsThatItBroke) {
  world_.network().options().half_open_chance = 1;
  listen();
  connect();
  world_.network().reset_connections("server");
  world_.scheduler().run_for(std::chrono::minutes{1});

  EXPECT_NE(client_closed_.has_value(), server_closed_.has_value());
}

TEST_F(SimNetworkTest, BytesOfAStreamArriveInOrderAndStopWhilePaused) {
  std::unique_ptr<io::ByteStream> server;
  std::unique_ptr<io::ByteStream> client;
  std::string heard;
  auto listener = server_loop_->network().listen_for_streams(
      {.host = "*", .port = 80}, {}, [&](std::unique_ptr<io::ByteStream> made) {
        server = std::move(made);
        server->start({.on_bytes =
                           [&](std::string_view bytes) {
                             heard += bytes;
                             server->pause_reading();
                           },
                       .on_closed = [this](const Error& reason) { server_closed_ = reason; }});
      });
  ASSERT_TRUE(listener.ok());
  client_loop_->network().connect_stream({.host = "server", .port = 80}, Millis{1000},
                                         [&](auto made) { client = std::move(made).value(); });
  run_until([&] { return client != nullptr; });
  client->start({.on_bytes = [](std::string_view) {}, .on_closed = [](const Error&) {}});
  const std::string sent = "GET / HTTP/1.1\r\nHost: here\r\n\r\n" + std::string(500, 'x');
  client->send(chunks_of(sent.substr(0, 100)));
  client->send(chunks_of(sent.substr(100)));
  client->close_after_flush();
  run_until([&] { return !heard.empty(); });
  const std::string first = heard;
  world_.scheduler().run_for(1s);
  EXPECT_EQ(heard, first) << "it was paused";

  for (int i = 0; i < 10'000 && !server_closed_; ++i) {
    server->resume_reading();
    world_.scheduler().run_for(10ms);
  }

  EXPECT_EQ(heard, sent);
  EXPECT_EQ(server_closed_->code, ErrorCode::kClosed);
}

}  // namespace
}  // namespace millrace::sim
