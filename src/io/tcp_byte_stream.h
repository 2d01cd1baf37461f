// TcpByteStream: the bytes of a TcpStream as they come.
#pragma once

#include <memory>

#include "base/lifetime.h"
#include "io/byte_stream.h"
#include "io/tcp_stream.h"

namespace millrace::io {

/// Invariant: callbacks may destroy the stream, which `life_` shows.
class TcpByteStream final : public ByteStream, private StreamInput {
 public:
  TcpByteStream(SocketLoop& loop, UniqueFd socket, std::unique_ptr<Transport> transport)
      : stream_(loop, std::move(socket), std::move(transport)) {}

  void start(ByteStreamHandler handler) override;
  void send(Chunks bytes) override;
  std::size_t unsent_bytes() const override { return stream_.unsent_bytes(); }
  void when_unsent_below(std::size_t threshold, Task task) override {
    stream_.when_unsent_below(threshold, std::move(task));
  }
  void pause_reading() override { stream_.pause_reading(); }
  void resume_reading() override { stream_.resume_reading(); }
  void close_after_flush() override { stream_.close_after_flush(); }
  void close() override { stream_.close(); }
  Endpoint peer() const override { return stream_.peer(); }
  Endpoint local() const override { return stream_.local(); }

 private:
  Space space(std::span<char> scratch) override { return {.first = {}, .scratch = scratch}; }
  After received(std::size_t count, std::span<const char> scratch) override;
  After resumed() override { return After::kGoOn; }
  std::size_t missing_bytes() const override { return 0; }
  bool is_within() const override { return false; }
  void ended(const Error& reason) override;

  std::shared_ptr<const ByteStreamHandler> handler_;  // shared: it may be running when we go
  TcpStream stream_;
  Lifetime life_;
};

}  // namespace millrace::io
