#include "storage/segment/batch_walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "wire/record_batch_format.h"

namespace millrace::storage {
namespace {

using wire::batch_format::kHeaderSize;

constexpr std::uint64_t kChunkBytes = std::uint64_t{1} << 20U;

Error no_batch(std::uint64_t position, std::string_view why) {
  return Error{ErrorCode::kCorrupt, fmt::format("at {}: {}", position, why)};
}

/// The part of a file that is walked, and as much of it as was read.
class Window {
 public:
  Window(const ReadStart& start, Buffer& chunk) : start_(start), chunk_(chunk) {}

  /// At least `wanted` bytes from `position` on; fewer only where the file ends.
  Result<std::string_view> at(std::uint64_t position, std::size_t wanted) {
    if (position < begin_ || position + wanted > begin_ + size_) {
      const std::uint64_t left = start_.end - position;
      const std::size_t count = std::min(std::max<std::uint64_t>(kChunkBytes, wanted), left);
      chunk_.resize_uninitialized(count);
      auto read = start_.file->read_at(position, {chunk_.data(), count});
      if (!read.ok()) return std::move(read).error();
      begin_ = position;
      size_ = *read;
    }
    return std::string_view(chunk_.data(), size_).substr(position - begin_);
  }

 private:
  const ReadStart& start_;
  Buffer& chunk_;
  std::uint64_t begin_ = 0;
  std::size_t size_ = 0;
};

Status walk(const ReadStart& start, Offset from, Buffer& chunk, const BatchVisit& visit) {
  Window window(start, chunk);
  for (std::uint64_t position = start.position; position < start.end;) {
    const std::uint64_t left = start.end - position;
    if (left < kHeaderSize) return no_batch(position, "too few bytes for a batch");
    auto bytes = window.at(position, kHeaderSize);
    if (!bytes.ok()) return std::move(bytes).error();
    const auto header = wire::read_batch_header(*bytes);
    if (!header.ok()) return no_batch(position, header.error().message);
    const std::size_t size = header->size_bytes();
    if (size > left) return no_batch(position, "a batch that ends past the end");
    if (header->last_offset() >= from) {
      bytes = window.at(position, size);
      if (!bytes.ok()) return std::move(bytes).error();
      if (Status status = visit(bytes->substr(0, size), *header); !status.ok()) return status;
    }
    position += size;
  }
  return {};
}

}  // namespace

Status walk_batches(Segment& segment, Offset from, Buffer& chunk, const BatchVisit& visit) {
  auto start = segment.start_for(std::max(from, segment.base_offset()));
  if (!start.ok()) return std::move(start).error();
  Status status = walk(*start, from, chunk, visit);
  segment.release_files();
  return status;
}

}  // namespace millrace::storage
