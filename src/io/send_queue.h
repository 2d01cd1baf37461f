// SendQueue: what a connection still has to write, as pieces that go out through its transport.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <variant>

#include "base/buffer.h"
#include "base/result.h"
#include "io/chunks.h"
#include "io/transport.h"

namespace millrace::io {

/// Small frames are copied together, so that many leave in one call; large chunks stay where they
/// are. Not thread-safe.
class SendQueue {
 public:
  /// Queues a frame, its length prefix first.   errors  kTooLarge beyond an int32 of bytes
  Status push_frame(Chunks frame);
  /// Queues bytes as they are.
  void push(Chunks bytes);
  /// Writes to the transport until it takes no more, all is written, or a turn's share is used up.
  /// errors  kClosed when the peer is gone; kIo, also for a file shorter than its slice
  enum class Progress { kEmpty, kSocketFull, kShareUsed };
  Result<Progress> write_to(Transport& transport);

  std::size_t unsent_bytes() const { return unsent_bytes_; }
  void clear();

 private:
  using Piece = std::variant<Buffer, BufferSlice, FileSlice>;

  Buffer& open_tail();
  void push_chunk(Chunk chunk);
  enum class Step : std::uint8_t { kMoved, kSocketFull };
  Result<Step> write_bytes(Transport& transport);
  Result<Step> write_file(Transport& transport, FileSlice& slice);
  Status load_part(FileSlice& slice);
  void consume(std::size_t count);

  std::deque<Piece> pieces_;
  std::size_t front_sent_ = 0;  // bytes of the first piece that are gone already
  std::size_t unsent_bytes_ = 0;
};

}  // namespace millrace::io
