#include "storage/segment/batch_scanner.h"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::storage {

using wire::batch_format::kHeaderSize;

Result<std::optional<BatchPlace>> BatchScanner::next() {
  if (position_ == end_) return std::optional<BatchPlace>{};
  if (position_ > end_ || end_ - position_ < kHeaderSize) {
    return Error{ErrorCode::kCorrupt, fmt::format("{} bytes at {} are no batch",
                                                  end_ - std::min(end_, position_), position_)};
  }
  if (position_ < chunk_start_ || position_ + kHeaderSize > chunk_start_ + chunk_size_) {
    const std::size_t wanted = std::min<std::uint64_t>(kChunkSize, end_ - position_);
    auto count = file_.read_at(position_, std::span(chunk_).first(wanted));
    if (!count.ok()) return std::move(count).error();
    chunk_start_ = position_;
    chunk_size_ = *count;
  }
  const std::size_t at = position_ - chunk_start_;
  auto header =
      wire::read_batch_header({chunk_.data() + at, chunk_size_ - std::min(at, chunk_size_)});
  if (!header.ok()) {
    return Error{ErrorCode::kCorrupt, fmt::format("at {}: {}", position_, header.error().message)};
  }
  const BatchPlace place{position_, *header};
  if (place.end() > end_) {
    return Error{ErrorCode::kCorrupt, fmt::format("batch at {} of {} bytes ends past {}", position_,
                                                  header->size_bytes(), end_)};
  }
  position_ = place.end();
  return std::optional<BatchPlace>{place};
}

}  // namespace millrace::storage
