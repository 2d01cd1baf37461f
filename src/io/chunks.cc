#include "io/chunks.h"

#include <utility>

namespace millrace::io {
namespace {

std::uint64_t size_of(const Buffer& bytes) {
  return bytes.size();
}
std::uint64_t size_of(const SharedBuffer& bytes) {
  return bytes->size();
}
std::uint64_t size_of(const BufferSlice& slice) {
  return slice.size_bytes;
}
std::uint64_t size_of(const FileSlice& slice) {
  return slice.size_bytes;
}

}  // namespace

Chunks one_chunk(Buffer bytes) {
  Chunks chunks;
  chunks.emplace_back(std::move(bytes));
  return chunks;
}

std::uint64_t size_bytes(const Chunks& chunks) {
  std::uint64_t total = 0;
  for (const Chunk& chunk : chunks) {
    total += std::visit([](const auto& piece) { return size_of(piece); }, chunk);
  }
  return total;
}

}  // namespace millrace::io
