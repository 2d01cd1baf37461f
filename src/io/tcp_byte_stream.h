// TcpByteStream: the bytes of a TcpStream as they come.
#pragma once

#include "io/byte_stream.h"
#include "io/tcp_face.h"

namespace millrace::io {

class TcpByteStream final : public TcpFace<ByteStream, ByteStreamHandler> {
 public:
  using TcpFace::TcpFace;

  void start(ByteStreamHandler handler) override;
  void send(Chunks bytes) override;

 private:
  Space space(std::span<char> scratch) override { return {.first = {}, .scratch = scratch}; }
  After received(std::size_t count, std::span<const char> scratch) override;
  After resumed() override { return After::kGoOn; }
  std::size_t missing_bytes() const override { return 0; }
  bool is_within() const override { return false; }
};

}  // namespace millrace::io
