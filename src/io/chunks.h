// The pieces of what is sent: bytes that this process has, and bytes of files.
#pragma once

#include <cstdint>
#include <memory>
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

/// A part of shared bytes: what lies between two file slices of one response.
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
/// Bytes that `chunks` stand for, those in files included.
std::uint64_t size_bytes(const Chunks& chunks);

}  // namespace millrace::io
