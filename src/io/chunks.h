// The pieces of what is sent: bytes that this process has, and bytes of files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "base/buffer.h"
#include "io/file_system.h"

namespace millrace::io {

/// Bytes of a file. Where the transport can, they go to the socket without passing through this
/// process.
struct FileSlice {
  // Kept open until sent, even when retention deletes it meanwhile.
  std::shared_ptr<const File> file;
  std::uint64_t position = 0;
  std::uint64_t size_bytes = 0;
};

/// A part of shared bytes: what lies between two other parts of one frame.
struct BufferSlice {
  SharedBuffer buffer;
  std::size_t position = 0;
  std::size_t size_bytes = 0;
};

/// What send() takes, in order.
using Chunk = std::variant<Buffer, SharedBuffer, BufferSlice, FileSlice>;
using Chunks = std::vector<Chunk>;

/// One chunk of owned bytes: the usual frame.
Chunks one_chunk(Buffer bytes);
/// `bytes` with one of `parts` put in at each splice, in order; there are as many of one as of the
/// other. Nothing is copied.
/// splices  things with a `position` in `bytes`, in rising order
template <class Splice>
Chunks interleave(Buffer bytes, const std::vector<Splice>& splices, Chunks parts) {
  const auto shared = std::make_shared<const Buffer>(std::move(bytes));
  Chunks chunks;
  chunks.reserve(2 * parts.size() + 1);
  std::size_t done = 0;
  const auto add_until = [&](std::size_t end) {
    if (end > done) chunks.emplace_back(BufferSlice{shared, done, end - done});
    done = end;
  };
  for (std::size_t index = 0; index < parts.size(); ++index) {
    add_until(splices[index].position);
    chunks.push_back(std::move(parts[index]));
  }
  add_until(shared->size());
  return chunks;
}
/// Bytes that `chunks` stand for, those in files included.
std::uint64_t size_bytes(const Chunks& chunks);

}  // namespace millrace::io
