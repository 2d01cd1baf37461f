// A transport that changes the bytes on their way, as one that encrypts does: it has a handshake,
// it holds back what it has received, and it cannot send files from the kernel.
#include "io/transport.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>

#include "io/posix_file_system.h"
#include "io/testing/loop_fixture.h"

namespace millrace::io {
namespace {

constexpr char kMask = 0x5a;
constexpr std::size_t kRecordBytes = 1000;  // what one read gives out, of all that was received

enum class Side : std::uint8_t { kClient, kServer };

/// Each byte is masked. Before the first one the client says 'h' and the server answers 'i'.
class MaskingTransport final : public Transport {
 public:
  MaskingTransport(int socket, Side side) : socket_(socket), side_(side) {}

  Moved read(std::span<const iovec> into) override {
    if (!shakes_hands()) return std::optional<std::size_t>{};
    if (received_.empty()) {
      std::array<char, 64 * 1024> bytes{};
      const ssize_t count = ::recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (count < 0) {
        wants_ = Readiness::kReadable;
        return std::optional<std::size_t>{};
      }
      received_.assign(bytes.data(), static_cast<std::size_t>(count));
      for (char& byte : received_) byte = static_cast<char>(byte ^ kMask);
    }
    std::size_t moved = 0;
    for (const iovec& each : into) {
      const std::size_t size =
          std::min({each.iov_len, received_.size() - moved, kRecordBytes - moved});
      std::copy_n(received_.data() + moved, size, static_cast<char*>(each.iov_base));
      moved += size;
    }
    received_.erase(0, moved);
    return std::optional(moved);
  }

  Moved write(std::span<const iovec> from, Follows) override {
    if (!shakes_hands()) return std::optional<std::size_t>{};
    std::string masked;
    for (const iovec& each : from)
      masked.append(static_cast<const char*>(each.iov_base), each.iov_len);
    for (char& byte : masked) byte = static_cast<char>(byte ^ kMask);
    const ssize_t count =
        ::send(socket_, masked.data(), masked.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    wants_ = Readiness::kWritable;
    if (count < 0) return std::optional<std::size_t>{};
    return std::optional(static_cast<std::size_t>(count));
  }

  Readiness wants() const override { return wants_; }
  bool has_buffered() const override { return !received_.empty(); }
  bool can_send_files() const override { return false; }
  Moved send_file(const File&, std::uint64_t, std::size_t) override {
    ADD_FAILURE() << "it cannot send files";
    return Error{ErrorCode::kUnsupported, "no files"};
  }
  void end_writing() override { ::shutdown(socket_, SHUT_WR); }

 private:
  /// False while something of the handshake is still to come.
  bool shakes_hands() {
    if (is_ready_) return true;
    wants_ = Readiness::kReadable;
    if (side_ == Side::kClient && !std::exchange(has_said_hello_, true)) ::send(socket_, "h", 1, 0);
    char answer = 0;
    if (::recv(socket_, &answer, 1, MSG_DONTWAIT) != 1) return false;
    EXPECT_EQ(answer, side_ == Side::kClient ? 'i' : 'h');
    if (side_ == Side::kServer) ::send(socket_, "i", 1, 0);
    is_ready_ = true;
    return true;
  }

  const int socket_;
  const Side side_;
  Readiness wants_ = Readiness::kReadable;
  bool has_said_hello_ = false;
  bool is_ready_ = false;
  std::string received_;
};

/// A plain transport with a habit of its own.
class PlainWithHabit : public Transport {
 public:
  explicit PlainWithHabit(int socket) : socket_(socket), plain_(make_plain_transport(socket)) {}

  Moved read(std::span<const iovec> into) override { return noted(plain_->read(into)); }
  Moved write(std::span<const iovec> from, Follows follows) override {
    return noted(plain_->write(from, follows));
  }
  Readiness wants() const override { return wants_; }
  bool has_buffered() const override { return false; }
  bool can_send_files() const override { return false; }
  Moved send_file(const File&, std::uint64_t, std::size_t) override {
    return Error{ErrorCode::kUnsupported, "no files"};
  }
  void end_writing() override { plain_->end_writing(); }

 protected:
  Moved nothing_until(Readiness readiness) {
    wants_ = readiness;
    return std::optional<std::size_t>{};
  }

  const int socket_;

 private:
  Moved noted(Moved moved) {
    wants_ = plain_->wants();
    return moved;
  }

  const std::unique_ptr<Transport> plain_;
  Readiness wants_ = Readiness::kReadable;
};

/// Has taken from the socket what the peer sent, and must write before it can give it out.
class WritesBeforeItReads final : public PlainWithHabit {
 public:
  using PlainWithHabit::PlainWithHabit;

  Moved read(std::span<const iovec> into) override {
    if (held_.empty()) {
      std::array<char, 100> bytes{};
      const ssize_t count = ::recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (count < 0) return nothing_until(Readiness::kReadable);
      if (count == 0) return std::optional<std::size_t>{0};
      held_.assign(bytes.data(), static_cast<std::size_t>(count));
      return nothing_until(Readiness::kWritable);
    }
    std::size_t moved = 0;
    for (const iovec& each : into) {
      const std::size_t size = std::min(each.iov_len, held_.size() - moved);
      std::copy_n(held_.data() + moved, size, static_cast<char*>(each.iov_base));
      moved += size;
    }
    held_.erase(0, moved);
    return std::optional(moved);
  }

 private:
  std::string held_;
};

/// Must read a byte of its own before it can write.
class ReadsBeforeItWrites final : public PlainWithHabit {
 public:
  /// write_count  outlives this
  ReadsBeforeItWrites(int socket, int& write_count)
      : PlainWithHabit(socket), write_count_(write_count) {}

  Moved write(std::span<const iovec> from, Follows follows) override {
    ++write_count_;
    char byte = 0;
    if (!is_ready_ && ::recv(socket_, &byte, 1, MSG_DONTWAIT) != 1)
      return nothing_until(Readiness::kReadable);
    is_ready_ = true;
    return PlainWithHabit::write(from, follows);
  }

 private:
  int& write_count_;
  bool is_ready_ = false;
};

class TransportTest : public LoopTest {
 protected:
  TransportFactory masking(Side side) {
    return [this, side](int socket) {
      ++made_count_;
      return std::make_unique<MaskingTransport>(socket, side);
    };
  }

  void connect_masked() {
    auto listener = loop_->network().listen(
        {.host = "127.0.0.1", .port = 0}, {.transport = masking(Side::kServer)},
        [this](std::unique_ptr<Connection> made) { server_ = std::move(made); });
    ASSERT_TRUE(listener.ok());
    listener_ = std::move(listener).value();
    ConnectOptions options(Millis{5000});
    options.transport = masking(Side::kClient);
    loop_->network().connect(listener_->local_endpoint(), options, [this](auto made) {
      ASSERT_TRUE(made.ok());
      client_ = std::move(made).value();
    });
    run_until([this] { return server_ != nullptr && client_ != nullptr; });
    EXPECT_EQ(made_count_, 2);
  }

  int made_count_ = 0;
};

TEST(PlainTransport, WaitsForWhatItCouldNotDo) {
  std::array<int, 2> pair{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()), 0);
  const UniqueFd near(pair[0]);
  const UniqueFd far(pair[1]);
  const auto transport = make_plain_transport(near.get());
  std::string bytes(std::size_t{1} << 16U, 'x');
  const std::array<iovec, 1> vector{iovec{bytes.data(), bytes.size()}};

  EXPECT_EQ(transport->read(vector).value(), std::nullopt);
  EXPECT_EQ(transport->wants(), Transport::Readiness::kReadable);
  while (transport->write(vector, Transport::Follows::kNothing)->has_value()) continue;
  EXPECT_EQ(transport->wants(), Transport::Readiness::kWritable);
  EXPECT_EQ(transport->read(vector).value(), std::nullopt);
  EXPECT_EQ(transport->wants(), Transport::Readiness::kReadable);
  while (::recv(far.get(), bytes.data(), bytes.size(), 0) > 0) continue;
  transport->end_writing();
  EXPECT_EQ(::recv(far.get(), bytes.data(), bytes.size(), 0), 0);
  EXPECT_EQ(::send(far.get(), "y", 1, 0), 1);
  EXPECT_EQ(transport->read(vector).value(), 1U) << "only writing has ended";
}

TEST_F(TransportTest, AReadThatHasToWriteFirstGoesOnWhenItCan) {
  auto listener = loop_->network().listen(
      {.host = "127.0.0.1", .port = 0},
      {.transport = [](int socket) { return std::make_unique<WritesBeforeItReads>(socket); }},
      [this](std::unique_ptr<Connection> made) { server_ = std::move(made); });
  ASSERT_TRUE(listener.ok());
  listener_ = std::move(listener).value();
  const UniqueFd peer = connect_raw();
  run_until([this] { return server_ != nullptr; });
  Log log;
  server_->start(record_in(log), kTestFrameMax);

  const std::string bytes = with_prefix("all there is");
  ASSERT_EQ(::send(peer.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  run_until([&] { return !log.frames.empty(); });

  EXPECT_EQ(log.frames.at(0), "all there is");
}

TEST_F(TransportTest, AWriteThatHasToReadFirstWaitsForThat) {
  int write_count = 0;
  auto listener = loop_->network().listen(
      {.host = "127.0.0.1", .port = 0},
      {.transport =
           [&](int socket) { return std::make_unique<ReadsBeforeItWrites>(socket, write_count); }},
      [this](std::unique_ptr<Connection> made) { server_ = std::move(made); });
  ASSERT_TRUE(listener.ok());
  listener_ = std::move(listener).value();
  const UniqueFd peer = connect_raw();
  run_until([this] { return server_ != nullptr; });
  Log log;
  server_->start(record_in(log), kTestFrameMax);

  server_->send(chunks_of("late"));
  run_until([turns = 0]() mutable { return ++turns == 20; });
  EXPECT_EQ(write_count, 1) << "it is asked again although nothing has come";
  ASSERT_EQ(::send(peer.get(), "!", 1, 0), 1);
  run_until([this] { return server_->unsent_bytes() == 0; });

  std::array<char, 100> bytes{};
  const ssize_t count = ::recv(peer.get(), bytes.data(), bytes.size(), 0);
  EXPECT_EQ(std::string_view(bytes.data(), static_cast<std::size_t>(count)), with_prefix("late"));
}

TEST_F(TransportTest, FramesPassThroughATransportThatChangesTheirBytes) {
  connect_masked();
  Log at_server;
  Log at_client;
  server_->start(record_in(at_server), kTestFrameMax);
  client_->start(record_in(at_client), kTestFrameMax);
  std::vector<std::string> sent;
  for (const std::size_t size : {1U, 0U, 999U, 1000U, 1001U, 100'000U, 2'000'000U})
    sent.push_back(random_bytes(size, size));
  for (const std::string& frame : sent) client_->send(chunks_of(frame));
  server_->send(chunks_of("answer"));

  run_until([&] { return at_server.frames.size() == sent.size() && !at_client.frames.empty(); });

  EXPECT_TRUE(at_server.frames == sent);
  EXPECT_EQ(at_client.frames[0], "answer");
}

TEST_F(TransportTest, WhatTheTransportHoldsBackIsReadWhenReadingGoesOn) {
  connect_masked();
  std::vector<std::string> frames;
  server_->start({.on_frame =
                      [&](Buffer frame) {
                        frames.emplace_back(frame.view());
                        server_->pause_reading();
                      },
                  .on_closed = [](const Error&) {}},
                 kTestFrameMax);
  client_->start({.on_frame = [](Buffer) {}, .on_closed = [](const Error&) {}}, kTestFrameMax);
  std::vector<std::string> sent;
  for (std::size_t i = 0; i < 30; ++i) sent.push_back(random_bytes(700, i));
  for (const std::string& frame : sent) client_->send(chunks_of(frame));

  run_until([&] {
    server_->resume_reading();
    return frames.size() == sent.size();
  });

  EXPECT_TRUE(frames == sent);
}

TEST_F(TransportTest, WhatTheTransportHoldsBackComesBeforeTheEnd) {
  connect_masked();
  std::size_t count = 0;
  bool has_ended = false;
  server_->start({.on_frame =
                      [&](Buffer) {
                        ++count;
                        server_->pause_reading();
                      },
                  .on_closed = [&](const Error&) { has_ended = true; }},
                 kTestFrameMax);
  client_->start({.on_frame = [](Buffer) {}, .on_closed = [](const Error&) {}}, kTestFrameMax);
  // Each is what one read gives out, so that nothing but the transport holds the next.
  for (std::size_t i = 0; i < 5; ++i) client_->send(chunks_of(random_bytes(kRecordBytes - 4, i)));
  run_until([&] { return count == 1; });
  client_.reset();
  run_until([turns = 0]() mutable { return ++turns == 20; });
  EXPECT_FALSE(has_ended);

  run_until([&] {
    server_->resume_reading();
    return has_ended;
  });

  EXPECT_EQ(count, 5U);
}

TEST_F(TransportTest, AFileGoesThroughATransportThatCannotSendFiles) {
  connect_masked();
  Log log;
  server_->start(record_in(log), kTestFrameMax);
  client_->start({.on_frame = [](Buffer) {}, .on_closed = [](const Error&) {}}, kTestFrameMax);
  std::string path = "/tmp/millrace_transport_XXXXXX";
  ::close(::mkstemp(path.data()));
  std::shared_ptr<File> file = make_posix_file_system()->open(path, OpenMode::kReadWrite).value();
  ::unlink(path.c_str());
  const std::string contents = random_bytes(700'000, 1);
  ASSERT_TRUE(file->append(contents).ok());

  Chunks chunks = chunks_of("head");
  chunks.emplace_back(FileSlice{.file = file, .position = 10, .size_bytes = 600'000});
  client_->send(std::move(chunks));
  run_until([&] { return log.frames.size() == 1; });

  EXPECT_TRUE(log.frames[0] == "head" + contents.substr(10, 600'000));
}

}  // namespace
}  // namespace millrace::io
