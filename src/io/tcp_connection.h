// TcpConnection: frames on a TcpStream.
#pragma once

#include <memory>
#include <optional>

#include "base/lifetime.h"
#include "io/connection.h"
#include "io/frame_reader.h"
#include "io/tcp_stream.h"

namespace millrace::io {

/// Invariant: callbacks may destroy the connection, which `life_` shows.
class TcpConnection final : public Connection, private StreamInput {
 public:
  TcpConnection(SocketLoop& loop, UniqueFd socket, std::unique_ptr<Transport> transport)
      : stream_(loop, std::move(socket), std::move(transport)) {}

  void start(ConnectionHandler handler, std::size_t frame_size_max) override;
  void send(Chunks frame) override;
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
  Space space(std::span<char> scratch) override;
  After received(std::size_t count, std::span<const char> scratch) override;
  After resumed() override { return deliver(); }
  std::size_t missing_bytes() const override { return reader_->missing_bytes(); }
  bool is_within() const override { return reader_->is_within_frame(); }
  void ended(const Error& reason) override;

  After deliver();

  std::optional<FrameReader> reader_;                 // since start()
  std::shared_ptr<const ConnectionHandler> handler_;  // shared: it may be running when we go
  TcpStream stream_;
  Lifetime life_;
};

}  // namespace millrace::io
