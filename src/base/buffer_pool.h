// BufferPool: memory of large buffers, used again instead of mapped and touched anew.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/buffer.h"
#include "base/guarded.h"

namespace millrace {

/// Keeps the memory of buffers that are done with, up to a bound; the one unused for longest goes
/// first.
/// thread  any
class BufferPool {
 public:
  /// Smaller buffers are neither kept nor given: the allocator is good at those.
  static constexpr std::size_t kBufferBytesMin = std::size_t{64} << 10U;

  /// idle_bytes_max  capacity of all that is kept
  explicit BufferPool(std::size_t idle_bytes_max) : idle_bytes_max_(idle_bytes_max) {}

  /// An empty buffer with room for `capacity` bytes or more, but not for far more, since it may be
  /// kept for long; one without memory when there is none such.
  Buffer take(std::size_t capacity);
  void give_back(Buffer buffer);
  /// Frees what is kept.
  void clear();
  std::size_t idle_bytes() const;

  /// Shares `buffer`; when nobody needs it any more its memory goes back to `pool`.
  static SharedBuffer share(std::shared_ptr<BufferPool> pool, Buffer buffer);

 private:
  struct Idle {
    std::vector<Buffer> buffers;  // the one unused for longest first
    std::size_t bytes = 0;        // of their capacity
  };

  const std::size_t idle_bytes_max_;
  Guarded<Idle> idle_;
};

}  // namespace millrace
