// TcpConnection: frames on a TcpStream.
#pragma once

#include <optional>

#include "io/connection.h"
#include "io/frame_reader.h"
#include "io/tcp_face.h"

namespace millrace::io {

class TcpConnection final : public TcpFace<Connection, ConnectionHandler> {
 public:
  using TcpFace::TcpFace;

  void start(ConnectionHandler handler, std::size_t frame_size_max) override;
  void send(Chunks frame) override;

 private:
  Space space(std::span<char> scratch) override;
  After received(std::size_t count, std::span<const char> scratch) override;
  After resumed() override { return deliver(); }
  std::size_t missing_bytes() const override { return reader_->missing_bytes(); }
  bool is_within() const override { return reader_->is_within_frame(); }

  After deliver();

  std::optional<FrameReader> reader_;  // since start()
};

}  // namespace millrace::io
