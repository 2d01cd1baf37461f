// A stream of length-prefixed frames: int32 size, big-endian, then that many bytes. The shape of
// Kafka's connections, and all that the broker and the client need to know of a socket.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "base/buffer.h"
#include "base/buffer_pool.h"
#include "base/result.h"
#include "io/chunks.h"
#include "io/endpoint.h"
#include "io/socket.h"

namespace millrace::io {

struct ConnectionHandler {
  /// A whole frame, without its length prefix.
  std::function<void(Buffer frame)> on_frame;
  /// The connection ended: by the peer, by an error, by a frame larger than allowed (kTooLarge) or
  /// negative (kCorrupt), or by close(). Called exactly once, and never from inside send() or
  /// close().
  std::function<void(const Error& reason)> on_closed;
  /// Where the memory of large frames comes from when it has some. Who is done with a frame gives
  /// it back there.
  std::shared_ptr<BufferPool> memory = {};
};

/// A connection that carries frames. send() takes the pieces of one frame, without its length
/// prefix.
class Connection : public Socket {
 public:
  /// Starts reading. frame_size_max bounds what a peer can make this process allocate; the memory
  /// for a frame is taken as its bytes arrive, not when its length is read.
  virtual void start(ConnectionHandler handler, std::size_t frame_size_max) = 0;
};

}  // namespace millrace::io
