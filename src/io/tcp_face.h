// TcpFace: what a TcpConnection and a TcpByteStream have in common: a TcpStream behind the face.
#pragma once

#include <memory>
#include <utility>

#include "base/lifetime.h"
#include "io/tcp_stream.h"

namespace millrace::io {

/// Invariant: callbacks may destroy the object, which `life_` shows, and the handler with it, which
/// whoever calls it therefore holds.
template <class Face, class Handler>
class TcpFace : public Face, protected StreamInput {
 public:
  TcpFace(SocketLoop& loop, UniqueFd socket, std::unique_ptr<Transport> transport)
      : stream_(loop, std::move(socket), std::move(transport)) {}

  std::size_t unsent_bytes() const final { return stream_.unsent_bytes(); }
  void when_unsent_below(std::size_t threshold, Task task) final {
    stream_.when_unsent_below(threshold, std::move(task));
  }
  void pause_reading() final { stream_.pause_reading(); }
  void resume_reading() final { stream_.resume_reading(); }
  void close_after_flush() final { stream_.close_after_flush(); }
  void close() final { stream_.close(); }
  Endpoint peer() const final { return stream_.peer(); }
  Endpoint local() const final { return stream_.local(); }

 protected:
  void ended(const Error& reason) final {
    const auto handler = std::exchange(handler_, nullptr);
    if (handler != nullptr && handler->on_closed) handler->on_closed(reason);
  }

  std::shared_ptr<const Handler> handler_;  // since start()
  TcpStream stream_;
  Lifetime life_;
};

}  // namespace millrace::io
