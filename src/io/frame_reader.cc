#include "io/frame_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/byte_order.h"
#include "base/check.h"

namespace millrace::io {

FrameReader::Space FrameReader::space(std::span<char> scratch) {
  CHECK(rest_.empty(), "{} bytes received earlier were not looked at", rest_.size());
  if (!has_length_) return {.frame = {}, .scratch = scratch};
  if (frame_.size() == frame_capacity_) {
    frame_capacity_ = std::min(frame_size_, std::max(frame_capacity_ * 2, kFirstCapacityMax));
    frame_.reserve(frame_capacity_);
  }
  return {.frame = {frame_.data() + frame_.size(), frame_capacity_ - frame_.size()},
          .scratch = frame_capacity_ == frame_size_ ? scratch : std::span<char>{}};
}

void FrameReader::received(std::size_t count, std::span<const char> scratch) {
  const std::size_t into_frame =
      has_length_ ? std::min(count, frame_capacity_ - frame_.size()) : std::size_t{0};
  frame_.resize_uninitialized(frame_.size() + into_frame);
  rest_ = scratch.subspan(0, count - into_frame);
}

bool FrameReader::read_prefix() {
  const std::size_t count = std::min(kPrefixBytes - prefix_size_, rest_.size());
  if (count > 0) std::memcpy(prefix_.data() + prefix_size_, rest_.data(), count);
  prefix_size_ += count;
  rest_ = rest_.subspan(count);
  return prefix_size_ == kPrefixBytes;
}

Status FrameReader::begin_frame() {
  const auto length = load_big_endian<std::int32_t>(prefix_.data());
  if (length < 0) {
    return Error{ErrorCode::kCorrupt, fmt::format("a frame announces {} bytes", length)};
  }
  if (static_cast<std::size_t>(length) > frame_size_max_) {
    return Error{ErrorCode::kTooLarge, fmt::format("a frame announces {} bytes; at most {} are "
                                                   "taken",
                                                   length, frame_size_max_)};
  }
  prefix_size_ = 0;
  has_length_ = true;
  frame_size_ = static_cast<std::size_t>(length);
  frame_ = memory_ == nullptr ? Buffer{} : memory_->take(frame_size_);
  frame_capacity_ = std::min(frame_size_, std::max(frame_.capacity(), kFirstCapacityMax));
  frame_.reserve(frame_capacity_);
  return {};
}

Result<std::optional<Buffer>> FrameReader::next() {
  if (!has_length_) {
    if (!read_prefix()) return std::optional<Buffer>{};
    if (auto status = begin_frame(); !status.ok()) return std::move(status).error();
  }
  const std::size_t count = std::min(frame_size_ - frame_.size(), rest_.size());
  frame_.append({rest_.data(), count});
  frame_capacity_ = std::max(frame_capacity_, frame_.size());
  rest_ = rest_.subspan(count);
  if (frame_.size() < frame_size_) return std::optional<Buffer>{};
  has_length_ = false;
  return std::optional<Buffer>(std::exchange(frame_, Buffer{}));
}

void FrameReader::keep_rest() {
  const bool kept_already =
      rest_.data() >= kept_.data() && !kept_.empty() && rest_.data() < kept_.data() + kept_.size();
  if (rest_.empty() || kept_already) return;
  kept_ = Buffer::copy_of({rest_.data(), rest_.size()});
  rest_ = {kept_.data(), kept_.size()};
}

}  // namespace millrace::io
