// A stream of length-prefixed frames: int32 size, big-endian, then that many bytes. The shape of
// Kafka's connections, and all that the broker and the client need to know of a socket.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/buffer.h"
#include "base/buffer_pool.h"
#include "base/result.h"
#include "io/file_system.h"

namespace millrace::io {

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;

  auto operator<=>(const Endpoint&) const = default;
  /// "host:port", and "[host]:port" for an IPv6 address.
  std::string to_string() const;
  /// errors  kInvalidArgument with an example of what is wanted
  static Result<Endpoint> parse(std::string_view text);
};

/// Bytes of a file that go to the socket by sendfile, without passing through this process.
struct FileSlice {
  // Kept open until sent, even when retention deletes it meanwhile.
  std::shared_ptr<const File> file;
  std::uint64_t position = 0;
  std::uint64_t size_bytes = 0;
};

/// A part of shared bytes: what lies between two file slices of one response.
struct BufferSlice {
  SharedBuffer buffer;
  std::size_t position = 0;
  std::size_t size_bytes = 0;
};

/// What send() takes: the pieces of one frame, in order, without the length prefix.
using Chunk = std::variant<Buffer, SharedBuffer, BufferSlice, FileSlice>;
using Chunks = std::vector<Chunk>;

/// One chunk of owned bytes: the usual frame.
Chunks one_chunk(Buffer bytes);
/// Bytes that `chunks` stand for, those in files included.
std::uint64_t size_bytes(const Chunks& chunks);

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

/// A TCP connection. Everything on its loop's thread. Destroying it closes the socket and silences
/// the handler.
class Connection {
 public:
  virtual ~Connection() = default;

  /// Starts reading. frame_size_max bounds what a peer can make this process allocate; the memory
  /// for a frame is taken as its bytes arrive, not when its length is read.
  virtual void start(ConnectionHandler handler, std::size_t frame_size_max) = 0;
  /// Queues one frame, its length prefix before it, behind what is already queued, and writes as
  /// the socket takes it. From inside on_frame the writing waits until all frames that were read
  /// together are handled, so that their answers leave together. After the end it does nothing.
  /// A FileSlice whose file turns out shorter than promised ends the connection with kIo.
  virtual void send(Chunks frame) = 0;
  /// Bytes queued and not yet taken by the kernel: the measure for back-pressure.
  virtual std::size_t unsent_bytes() const = 0;
  /// Calls `task` once, when unsent_bytes() has come down to `threshold` or less (at once when it
  /// already is, but never from inside this call). Dropped when the connection ends first.
  virtual void when_unsent_below(std::size_t threshold, std::function<void()> task) = 0;
  /// No further on_frame until resume_reading(); what the kernel holds stays there, so the peer
  /// feels it. When the peer leaves meanwhile, on_closed says so, unless it has sent more before.
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;
  /// Sends what is queued, then closes. No further on_frame.
  virtual void close_after_flush() = 0;
  /// Closes at once; what is queued is dropped.
  virtual void close() = 0;

  virtual Endpoint peer() const = 0;
  virtual Endpoint local() const = 0;
};

}  // namespace millrace::io
