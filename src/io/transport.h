// Transport: how bytes of one connection go through its socket, below frames and below streams. The
// plain one calls the kernel; one that encrypts stands between.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "base/result.h"
#include "io/file_system.h"

namespace millrace::io {

/// Never blocks. A call that could move nothing says so by no value; then wants() says for what the
/// socket has to become ready before it makes sense to call again.
/// thread  the connection's loop
class Transport {
 public:
  virtual ~Transport() = default;

  using Moved = Result<std::optional<std::size_t>>;

  /// Reads into the buffers in order. 0 is the end of what the peer sends.
  /// errors  kClosed, kIo
  virtual Moved read(std::span<const iovec> into) = 0;
  /// Takes bytes from the buffers in order.
  /// errors  kClosed when the peer is gone; kIo
  enum class Follows : std::uint8_t { kNothing, kMore };
  virtual Moved write(std::span<const iovec> from, Follows follows) = 0;

  enum class Readiness : std::uint8_t { kReadable, kWritable };
  virtual Readiness wants() const = 0;
  /// Whether bytes have come through the socket that read() has not given out, so that its
  /// readiness says nothing of them.
  virtual bool has_buffered() const = 0;

  /// Whether send_file() may be called. Who sees the bytes of a file only in the kernel cannot
  /// encrypt them.
  virtual bool can_send_files() const = 0;
  /// Sends a range of a file that has a descriptor. 0 says that the file has ended.
  virtual Moved send_file(const File& file, std::uint64_t position, std::size_t size_bytes) = 0;

  /// Tells the peer that no more comes.
  virtual void end_writing() = 0;
};

/// Makes the transport of a connection on a socket, which outlives it.
using TransportFactory = std::function<std::unique_ptr<Transport>(int socket)>;

/// Bytes as they are.
std::unique_ptr<Transport> make_plain_transport(int socket);

}  // namespace millrace::io
