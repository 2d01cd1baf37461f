// Bytes without frames over loopback.
#include "io/byte_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "io/testing/loop_fixture.h"

namespace millrace::io {
namespace {

class ByteStreamTest : public LoopTest {
 protected:
  void connect_streams() {
    auto listener = loop_->network().listen_for_streams(
        {.host = "127.0.0.1", .port = 0}, {},
        [this](std::unique_ptr<ByteStream> made) { server_ = std::move(made); });
    ASSERT_TRUE(listener.ok()) << listener.error().message;
    listener_ = std::move(listener).value();
    loop_->network().connect_stream(listener_->local_endpoint(), Millis{5000}, [this](auto made) {
      ASSERT_TRUE(made.ok()) << made.error().message;
      client_ = std::move(made).value();
    });
    run_until([this] { return server_ != nullptr && client_ != nullptr; });
  }

  struct Heard {
    std::string bytes;
    std::optional<Error> closed;
  };
  static ByteStreamHandler hear_in(Heard& heard) {
    return {.on_bytes = [&heard](std::string_view bytes) { heard.bytes += bytes; },
            .on_closed = [&heard](const Error& reason) { heard.closed = reason; }};
  }

  std::unique_ptr<ByteStream> server_;
  std::unique_ptr<ByteStream> client_;
};

TEST_F(ByteStreamTest, BytesArriveAsTheyWereSentWithoutAPrefix) {
  connect_streams();
  Heard heard;
  server_->start(hear_in(heard));
  std::string sent;
  for (const std::size_t size : {1U, 0U, 100U, 70'000U, 3'000'000U, 5U}) {
    const std::string part = random_bytes(size, size);
    client_->send(chunks_of(part));
    sent += part;
  }

  run_until([&] { return heard.bytes.size() == sent.size(); });

  EXPECT_TRUE(heard.bytes == sent);
  EXPECT_EQ(client_->unsent_bytes(), 0U);
}

TEST_F(ByteStreamTest, AnswersMadeWhileBytesAreHandedOutComeBack) {
  connect_streams();
  Heard heard;
  server_->start({.on_bytes = [this](std::string_view bytes) { server_->send(chunks_of(bytes)); },
                  .on_closed = [](const Error&) {}});
  client_->start(hear_in(heard));
  client_->send(chunks_of("GET / HTTP/1.1\r\n\r\n"));
  run_until([&] { return heard.bytes == "GET / HTTP/1.1\r\n\r\n"; });
}

TEST_F(ByteStreamTest, NothingIsHandedOutWhilePausedAndAllOfItAfterwards) {
  connect_streams();
  std::string bytes;
  int calls = 0;
  server_->start({.on_bytes =
                      [&](std::string_view piece) {
                        bytes += piece;
                        ++calls;
                        server_->pause_reading();
                      },
                  .on_closed = [](const Error&) {}});
  const std::string sent = random_bytes(1'000'000, 3);
  client_->send(chunks_of(sent));
  run_until([&] { return calls == 1; });
  const std::size_t first = bytes.size();
  run_until([turns = 0]() mutable { return ++turns == 20; });
  EXPECT_EQ(bytes.size(), first);

  run_until([&] {
    server_->resume_reading();
    return bytes.size() == sent.size();
  });
  EXPECT_TRUE(bytes == sent);
}

TEST_F(ByteStreamTest, TheEndIsToldToBothSidesAfterWhatWasSent) {
  connect_streams();
  Heard server;
  Heard client;
  server_->start(hear_in(server));
  client_->start(hear_in(client));
  client_->send(chunks_of("last words"));
  client_->close_after_flush();
  client_->send(chunks_of("too late"));

  run_until([&] { return server.closed && client.closed; });

  EXPECT_EQ(server.bytes, "last words");
  EXPECT_EQ(server.closed->code, ErrorCode::kClosed);
}

TEST_F(ByteStreamTest, WhatWasQueuedBeforeTheEndArrivesAndNothingFromAfterIt) {
  connect_streams();
  Heard server;
  client_->start({.on_bytes = [](std::string_view) {}, .on_closed = [](const Error&) {}});
  const std::string sent = random_bytes(20'000'000, 4);
  client_->send(chunks_of(sent));
  ASSERT_GT(client_->unsent_bytes(), 0U);

  client_->close_after_flush();
  client_->send(chunks_of("too late"));
  server_->start(hear_in(server));
  run_until([&] { return server.closed.has_value(); });

  EXPECT_TRUE(server.bytes == sent);
}

TEST_F(ByteStreamTest, ThePeerHearsOfTheEndBeforeItIsOver) {
  connect_streams();
  Heard client;
  bool was_over = false;
  bool has_ended = false;
  client_->start(hear_in(client));
  server_->start({.on_bytes = [](std::string_view) {},
                  .on_closed =
                      [&](const Error&) {
                        was_over = client.closed.has_value();
                        has_ended = true;
                      }});
  client_->close_after_flush();
  run_until([&] { return has_ended; });
  EXPECT_FALSE(was_over) << "it was left to find out";
}

TEST_F(ByteStreamTest, APeerThatDoesNotHangUpIsNotWaitedForLong) {
  connect_streams();
  Heard client;
  client_->start(hear_in(client));
  client_->close_after_flush();  // and the server reads nothing
  run_until([&] { return client.closed.has_value(); });
}

TEST_F(ByteStreamTest, ACallbackMayDestroyItsStream) {
  connect_streams();
  Heard client;
  client_->start(hear_in(client));
  server_->start({.on_bytes = [this](std::string_view) { server_.reset(); }, .on_closed = {}});
  client_->send(chunks_of("x"));
  run_until([&] { return client.closed.has_value(); });
  EXPECT_EQ(server_, nullptr);
}

}  // namespace
}  // namespace millrace::io
