#include "io/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>

#include "base/random.h"
#include "io/testing/loop_fixture.h"

namespace millrace::io {
namespace {

using ::testing::HasSubstr;

class ConnectionTest : public LoopTest {};

TEST_F(ConnectionTest, FramesOfManySizesArriveWholeAndInOrder) {
  connect_pair();
  Log log;
  server_->start(record_in(log), kTestFrameMax);
  std::vector<std::string> sent;
  for (const std::size_t size : {0U, 1U, 3U, 4U, 4095U, 4096U, 4097U, 65535U, 65536U, 65537U,
                                 1048575U, 1048577U, 5000000U, 17U, 0U, 100U}) {
    sent.push_back(random_bytes(size, size));
  }
  for (int i = 0; i < 5000; ++i) sent.push_back(random_bytes(static_cast<std::size_t>(i % 300), 7));

  for (const std::string& frame : sent) client_->send(chunks_of(frame));
  run_until([&] { return log.frames.size() == sent.size(); });

  EXPECT_EQ(log.frames, sent);
  EXPECT_EQ(client_->unsent_bytes(), 0U);
}

TEST_F(ConnectionTest, AFrameIsTheConcatenationOfItsChunks) {
  connect_pair();
  Log log;
  server_->start(record_in(log), kTestFrameMax);
  const std::string big = random_bytes(100'000, 1);
  const auto shared = std::make_shared<const Buffer>(Buffer::copy_of(big));

  Chunks chunks;
  chunks.emplace_back(Buffer::copy_of("head "));
  chunks.emplace_back(shared);
  chunks.emplace_back(BufferSlice{.buffer = shared, .position = 10, .size_bytes = 5});
  chunks.emplace_back(BufferSlice{.buffer = shared, .position = 50'000, .size_bytes = 50'000});
  chunks.emplace_back(Buffer{});
  chunks.emplace_back(Buffer::copy_of(big));
  client_->send(std::move(chunks));
  client_->send({});
  run_until([&] { return log.frames.size() == 2; });

  EXPECT_EQ(log.frames[0], "head " + big + big.substr(10, 5) + big.substr(50'000) + big);
  EXPECT_EQ(log.frames[1], "");
}

TEST_F(ConnectionTest, EchoesThroughAnswersMadeInsideOnFrame) {
  connect_pair();
  Log log;
  Connection& server = *server_;
  server_->start({.on_frame = [&](Buffer frame) { server.send(one_chunk(std::move(frame))); },
                  .on_closed = [](const Error&) {}},
                 kTestFrameMax);
  client_->start(record_in(log), kTestFrameMax);

  for (int i = 0; i < 2000; ++i) client_->send(chunks_of(std::to_string(i)));
  run_until([&] { return log.frames.size() == 2000; });

  EXPECT_EQ(log.frames.back(), "1999");
}

TEST_F(ConnectionTest, AnnouncingTooMuchOrLessThanNothingEndsOnlyThatConnection) {
  struct Case {
    std::string bytes;
    ErrorCode code;
  };
  for (const Case& each : {Case{std::string("\x00\x00\x04\x01", 4), ErrorCode::kTooLarge},
                           Case{std::string("\xff\xff\xff\xff", 4), ErrorCode::kCorrupt},
                           Case{std::string("\x80\x00\x00\x00", 4), ErrorCode::kCorrupt},
                           Case{std::string("\x7f\xff\xff\xff", 4), ErrorCode::kTooLarge},
                           Case{"GET / HTTP/1.1\r\n\r\n", ErrorCode::kTooLarge}}) {
    server_.reset();
    listen([this](std::unique_ptr<Connection> made) { server_ = std::move(made); });
    const UniqueFd raw = connect_raw();
    run_until([this] { return server_ != nullptr; });
    Log log;
    server_->start(record_in(log), 1024);

    const std::string bytes = with_prefix("fine") + each.bytes;
    ASSERT_EQ(::write(raw.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    run_until([&] { return log.closed.has_value(); });

    EXPECT_EQ(log.frames, std::vector<std::string>{"fine"});
    EXPECT_EQ(log.closed->code, each.code) << log.closed->message;
  }
}

TEST_F(ConnectionTest, AHalfFrameBeforeTheEndIsNoFrame) {
  listen([this](std::unique_ptr<Connection> made) { server_ = std::move(made); });
  UniqueFd raw = connect_raw();
  run_until([this] { return server_ != nullptr; });
  Log log;
  server_->start(record_in(log), 1024);

  const std::string bytes = with_prefix("whole") + with_prefix("half").substr(0, 6);
  ASSERT_EQ(::write(raw.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  raw = UniqueFd();
  run_until([&] { return log.closed.has_value(); });

  EXPECT_EQ(log.frames, std::vector<std::string>{"whole"});
  EXPECT_EQ(log.closed->code, ErrorCode::kClosed);
  EXPECT_THAT(log.closed->message, HasSubstr("within a frame"));
}

TEST_F(ConnectionTest, SmallFramesAfterALargeOneThatCameInPartsAreNotKeptWaiting) {
  listen([this](std::unique_ptr<Connection> made) { server_ = std::move(made); });
  const UniqueFd raw = connect_raw();
  run_until([this] { return server_ != nullptr; });
  Log log;
  server_->start(record_in(log), kTestFrameMax);
  const std::string large = random_bytes(600'000, 5);
  const std::string wire = with_prefix(large) + with_prefix("small");
  auto send_until = [&, sent = std::size_t{0}](std::size_t end) mutable {
    for (; sent < end; sent += 1000) {
      const std::size_t count = std::min<std::size_t>(1000, wire.size() - sent);
      ASSERT_EQ(::write(raw.get(), wire.data() + sent, count), static_cast<ssize_t>(count));
      if (sent % 50'000 == 0) run_until([] { return true; });
    }
  };

  send_until(large.size() - 100'000);
  EXPECT_TRUE(log.frames.empty());
  send_until(wire.size());
  run_until([&] { return log.frames.size() == 2; });
  EXPECT_EQ(log.frames, (std::vector<std::string>{large, "small"}));

  ASSERT_EQ(::write(raw.get(), wire.data() + large.size() + 4, 9), 9);
  run_until([&] { return log.frames.size() == 3; });
  EXPECT_EQ(log.frames.back(), "small");
}

TEST_F(ConnectionTest, TheEndWithinALargeFrameIsNoticedAtOnce) {
  listen([this](std::unique_ptr<Connection> made) { server_ = std::move(made); });
  UniqueFd raw = connect_raw();
  run_until([this] { return server_ != nullptr; });
  Log log;
  server_->start(record_in(log), kTestFrameMax);
  const std::string wire = with_prefix(std::string(5'000'000, 'x')).substr(0, 10'000);
  ASSERT_EQ(::write(raw.get(), wire.data(), wire.size()), static_cast<ssize_t>(wire.size()));
  for (int i = 0; i < 5; ++i) run_until([] { return true; });

  raw = UniqueFd();
  run_until([&] { return log.closed.has_value(); });
  EXPECT_THAT(log.closed->message, HasSubstr("within a frame"));
}

TEST_F(ConnectionTest, PausedReadingHandsOutNothingAndLosesNothing) {
  connect_pair();
  Log log;
  Connection& server = *server_;
  server_->start({.on_frame =
                      [&](Buffer frame) {
                        log.frames.emplace_back(frame.view());
                        server.pause_reading();
                        loop_->call_after(Millis{0}, [&, count = log.frames.size()] {
                          EXPECT_EQ(log.frames.size(), count);
                          server.resume_reading();
                        });
                      },
                  .on_closed = [](const Error&) {}},
                 kTestFrameMax);
  std::vector<std::string> sent;
  for (std::size_t i = 0; i < 300; ++i) sent.push_back(random_bytes(i * 37 % 3000, i));

  for (const std::string& frame : sent) client_->send(chunks_of(frame));
  run_until([&] { return log.frames.size() == sent.size(); });

  EXPECT_EQ(log.frames, sent);
}

TEST_F(ConnectionTest, ResumingInsideOnFrameGoesOnAtOnce) {
  connect_pair();
  Log log;
  Connection& server = *server_;
  server_->start({.on_frame =
                      [&](Buffer frame) {
                        log.frames.emplace_back(frame.view());
                        server.pause_reading();
                        server.resume_reading();
                      },
                  .on_closed = [](const Error&) {}},
                 kTestFrameMax);
  for (int i = 0; i < 100; ++i) client_->send(chunks_of("x"));
  run_until([&] { return log.frames.size() == 100; });
}

TEST_F(ConnectionTest, APeerThatLeavesIsNoticedWhileReadingIsPaused) {
  connect_pair();
  Log log;
  server_->start({.on_frame = [&](const Buffer&) { server_->pause_reading(); },
                  .on_closed = [&](const Error& reason) { log.closed = reason; }},
                 kTestFrameMax);
  client_->send(chunks_of("a request that takes long"));
  client_->close_after_flush();
  run_until([&] { return log.closed.has_value(); });
  EXPECT_EQ(log.closed->code, ErrorCode::kClosed);
}

TEST_F(ConnectionTest, WhatAPeerSentBeforeItLeftIsHandedOutFirst) {
  for (const bool at_once : {true, false}) {
    connect_pair();
    Log log;
    server_->start({.on_frame =
                        [&](const Buffer& frame) {
                          log.frames.emplace_back(frame.view());
                          server_->pause_reading();
                        },
                    .on_closed = [&](const Error& reason) { log.closed = reason; }},
                   kTestFrameMax);
    client_->send(chunks_of("first"));
    if (!at_once) run_until([&] { return log.frames.size() == 1; });
    client_->send(chunks_of("second"));
    client_->close_after_flush();
    bool later = false;
    loop_->call_after(Millis{20}, [&] { later = true; });
    run_until([&] { return later; });
    EXPECT_FALSE(log.closed.has_value());

    server_->resume_reading();
    run_until([&] { return log.closed.has_value(); });
    EXPECT_EQ(log.frames, (std::vector<std::string>{"first", "second"}));
    server_.reset();
    client_.reset();
  }
}

TEST_F(ConnectionTest, BackPressureIsFeltAndItsEndIsTold) {
  connect_pair();
  Log log;
  server_->start(record_in(log), kTestFrameMax);
  server_->pause_reading();
  constexpr std::size_t kFrame = 1 << 20;
  for (int i = 0; i < 32; ++i) client_->send(chunks_of(std::string(kFrame, 'x')));
  EXPECT_GT(client_->unsent_bytes(), std::size_t{8} << 20U);
  bool below = false;
  bool inside_call = true;
  client_->when_unsent_below(kFrame, [&] {
    EXPECT_FALSE(inside_call);
    EXPECT_LE(client_->unsent_bytes(), kFrame);
    below = true;
  });
  inside_call = false;
  bool later = false;
  loop_->call_after(Millis{20}, [&] { later = true; });
  run_until([&] { return later; });
  EXPECT_FALSE(below);

  server_->resume_reading();
  run_until([&] { return below && log.frames.size() == 32; });

  bool at_once = false;
  client_->when_unsent_below(0, [&] { at_once = true; });
  EXPECT_FALSE(at_once);
  run_until([&] { return at_once; });
}

TEST_F(ConnectionTest, CloseTellsBothSidesOnceAndDropsWhatIsQueued) {
  connect_pair();
  Log server_log;
  int client_closed = 0;
  server_->start(record_in(server_log), kTestFrameMax);
  client_->start({.on_frame = [](const Buffer&) {},
                  .on_closed =
                      [&](const Error& reason) {
                        EXPECT_EQ(reason.code, ErrorCode::kClosed);
                        ++client_closed;
                      }},
                 kTestFrameMax);

  client_->close();
  client_->close();
  client_->send(chunks_of("too late"));
  EXPECT_EQ(client_closed, 0);
  run_until([&] { return client_closed > 0 && server_log.closed.has_value(); });

  EXPECT_EQ(client_closed, 1);
  EXPECT_TRUE(server_log.frames.empty());
  EXPECT_EQ(server_log.closed->code, ErrorCode::kClosed);
}

TEST_F(ConnectionTest, CloseAfterFlushSendsEverythingFirstEvenWithInputUnread) {
  connect_pair();
  Log log;
  int handed_out = 0;
  client_->start(record_in(log), kTestFrameMax);
  server_->start({.on_frame =
                      [&](Buffer) {
                        ++handed_out;
                        for (int i = 0; i < 20; ++i) {
                          server_->send(chunks_of(std::string(1 << 20, 'y')));
                        }
                        server_->close_after_flush();
                      },
                  .on_closed = [](const Error&) {}},
                 kTestFrameMax);
  for (int i = 0; i < 1000; ++i) client_->send(chunks_of(std::string(1000, 'x')));

  run_until([&] { return log.closed.has_value(); });

  EXPECT_EQ(handed_out, 1);
  EXPECT_EQ(log.frames.size(), 20U);
}

TEST_F(ConnectionTest, ADestroyedConnectionIsSilentEvenFromInsideItsOwnHandler) {
  connect_pair();
  Log client_log;
  int frames = 0;
  client_->start(record_in(client_log), kTestFrameMax);
  server_->start({.on_frame =
                      [&frames, this](Buffer) {
                        ++frames;
                        server_.reset();
                      },
                  .on_closed = [](const Error&) { ADD_FAILURE() << "closed was reported"; }},
                 kTestFrameMax);

  for (int i = 0; i < 10; ++i) client_->send(chunks_of("x"));
  run_until([&] { return client_log.closed.has_value(); });

  EXPECT_EQ(frames, 1);
}

TEST_F(ConnectionTest, ClosingBeforeStartIsReportedAfterIt) {
  connect_pair();
  Log log;
  client_->close();
  client_->start(record_in(log), kTestFrameMax);
  EXPECT_FALSE(log.closed.has_value());
  run_until([&] { return log.closed.has_value(); });
}

TEST_F(ConnectionTest, AResetWhileSendingIsReported) {
  listen([this](std::unique_ptr<Connection> made) { server_ = std::move(made); });
  UniqueFd raw = connect_raw();
  run_until([this] { return server_ != nullptr; });
  Log log;
  server_->start(record_in(log), kTestFrameMax);
  for (int i = 0; i < 32; ++i) server_->send(chunks_of(std::string(1 << 20, 'x')));

  const linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(raw.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  raw = UniqueFd();
  run_until([&] { return log.closed.has_value(); });

  EXPECT_EQ(log.closed->code, ErrorCode::kClosed);
}

TEST_F(ConnectionTest, ManyConnectionsAtOnce) {
  std::vector<std::unique_ptr<Connection>> servers;
  std::vector<std::unique_ptr<Connection>> clients;
  std::size_t answers = 0;
  listen([&](std::unique_ptr<Connection> made) {
    Connection& server = *made;
    server.start({.on_frame = [&server](Buffer frame) { server.send(one_chunk(std::move(frame))); },
                  .on_closed = [](const Error&) {}},
                 kTestFrameMax);
    servers.push_back(std::move(made));
  });
  for (int i = 0; i < 200; ++i) {
    loop_->network().connect(listener_->local_endpoint(), Millis{10'000}, [&, i](auto made) {
      ASSERT_TRUE(made.ok()) << made.error().message;
      Connection& client = **made;
      client.start({.on_frame =
                        [&answers, i](Buffer frame) {
                          EXPECT_EQ(frame.view(), std::to_string(i));
                          ++answers;
                        },
                    .on_closed = [](const Error&) {}},
                   kTestFrameMax);
      for (int k = 0; k < 10; ++k) client.send(chunks_of(std::to_string(i)));
      clients.push_back(std::move(made).value());
    });
  }

  run_until([&] { return answers == 2000; });
  EXPECT_EQ(servers.size(), 200U);
}

TEST_F(ConnectionTest, ConnectionsLeftInPostedTasksDieWithTheLoop) {
  connect_pair();
  auto kept = std::make_shared<std::unique_ptr<Connection>>(std::move(client_));
  Log log;
  (*kept)->start(record_in(log), kTestFrameMax);
  loop_->post([kept] {});
  loop_->call_after(Millis{100'000}, [kept] {});
  kept.reset();
  server_.reset();
  listener_.reset();
  loop_.reset();
}

}  // namespace
}  // namespace millrace::io
