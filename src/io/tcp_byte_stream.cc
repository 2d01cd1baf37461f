#include "io/tcp_byte_stream.h"

#include <utility>

#include "base/check.h"

namespace millrace::io {

void TcpByteStream::start(ByteStreamHandler handler) {
  CHECK(handler_ == nullptr && !stream_.is_started(), "a stream is started once");
  handler_ = std::make_shared<const ByteStreamHandler>(std::move(handler));
  stream_.start(*this);
}

void TcpByteStream::send(Chunks bytes) {
  if (!stream_.is_open()) return;
  stream_.queue().push(std::move(bytes));
  stream_.flush_soon();
}

StreamInput::After TcpByteStream::received(std::size_t count, std::span<const char> scratch) {
  const std::shared_ptr<const ByteStreamHandler> handler = handler_;
  const Lifetime::Watch watch = life_.watch();
  handler->on_bytes({scratch.data(), count});
  return watch.is_over() ? After::kDestroyed : After::kGoOn;
}

}  // namespace millrace::io
