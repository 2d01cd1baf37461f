// A connection that carries bytes without frames, for protocols with a shape of their own, such as
// HTTP.
#pragma once

#include <functional>
#include <string_view>

#include "base/result.h"
#include "io/socket.h"

namespace millrace::io {

struct ByteStreamHandler {
  /// What has arrived, in pieces of whatever size. The view ends with the call.
  std::function<void(std::string_view bytes)> on_bytes;
  /// The stream ended: by the peer, by an error, or by close(). Called exactly once, and never from
  /// inside send() or close().
  std::function<void(const Error& reason)> on_closed;
};

/// After pause_reading() from inside on_bytes no further call comes.
class ByteStream : public Socket {
 public:
  /// Starts reading.
  virtual void start(ByteStreamHandler handler) = 0;
};

}  // namespace millrace::io
