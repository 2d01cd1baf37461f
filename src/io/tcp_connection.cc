#include "io/tcp_connection.h"

#include <utility>

#include "base/check.h"

namespace millrace::io {

void TcpConnection::start(ConnectionHandler handler, std::size_t frame_size_max) {
  CHECK(!reader_, "a connection is started once");
  handler_ = std::make_shared<const ConnectionHandler>(std::move(handler));
  reader_.emplace(frame_size_max, handler_->memory);
  stream_.start(*this);
}

void TcpConnection::send(Chunks frame) {
  if (!stream_.is_open()) return;
  if (auto status = stream_.queue().push_frame(std::move(frame)); !status.ok()) {
    stream_.finish(std::move(status).error());
    return;
  }
  stream_.flush_soon();
}

StreamInput::Space TcpConnection::space(std::span<char> scratch) {
  const FrameReader::Space space = reader_->space(scratch);
  return {.first = space.frame, .scratch = space.scratch};
}

StreamInput::After TcpConnection::received(std::size_t count, std::span<const char> scratch) {
  reader_->received(count, scratch);
  return deliver();
}

StreamInput::After TcpConnection::deliver() {
  const std::shared_ptr<const ConnectionHandler> handler = handler_;
  const Lifetime::Watch watch = life_.watch();
  while (stream_.may_deliver()) {
    auto frame = reader_->next();
    if (!frame.ok()) {
      stream_.finish(std::move(frame).error().with_context(stream_.peer().to_string()));
      return After::kGoOn;
    }
    if (!frame.value()) return After::kGoOn;
    handler->on_frame(*std::move(frame).value());
    if (watch.is_over()) return After::kDestroyed;
  }
  reader_->keep_rest();
  return After::kGoOn;
}

}  // namespace millrace::io
