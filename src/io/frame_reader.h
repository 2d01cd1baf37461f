// FrameReader: puts length-prefixed frames together from bytes as they come. Sans-IO.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "base/buffer.h"
#include "base/buffer_pool.h"
#include "base/result.h"

namespace millrace::io {

/// Small frames are cut out of what one large read brought; a frame that is larger than that is
/// received right where it will be handed out, in memory that grows as its bytes arrive.
///   for (;;) {
///     bytes = receive into reader.space(scratch);
///     reader.received(bytes, scratch);
///     while (auto frame = reader.next()) …
///   }
/// Invariant: the scratch passed to received() is used until next() returns nothing; keep_rest()
/// ends that early by copying what is left of it. Not thread-safe.
class FrameReader {
 public:
  /// memory  where large frames go when it has room; may be null
  explicit FrameReader(std::size_t frame_size_max, std::shared_ptr<BufferPool> memory = nullptr)
      : frame_size_max_(frame_size_max), memory_(std::move(memory)) {}

  struct Space {
    std::span<char> frame;  // room in the frame under way; may be empty
    std::span<char> scratch;
  };
  /// Where the next bytes go: first into the frame, and when that is full into the scratch.
  Space space(std::span<char> scratch);
  /// `count` bytes have been placed where space() said.
  void received(std::size_t count, std::span<const char> scratch);
  /// The next whole frame, without its prefix; nothing when more bytes are needed.
  /// errors  kTooLarge, kCorrupt (negative length); no further frame comes after one
  Result<std::optional<Buffer>> next();
  /// Copies what is left of the scratch, so that the scratch may be used for something else.
  void keep_rest();
  /// Bytes that the frame under way still lacks; 0 between frames.
  std::size_t missing_bytes() const { return has_length_ ? frame_size_ - frame_.size() : 0; }
  /// Whether the bytes so far end within a frame.
  bool is_within_frame() const { return has_length_ || prefix_size_ > 0 || !rest_.empty(); }

 private:
  static constexpr std::size_t kPrefixBytes = 4;
  /// What a peer can make this process allocate by a length alone.
  static constexpr std::size_t kFirstCapacityMax = std::size_t{1} << 20U;

  bool read_prefix();
  Status begin_frame();

  const std::size_t frame_size_max_;
  const std::shared_ptr<BufferPool> memory_;
  std::array<char, kPrefixBytes> prefix_{};
  std::size_t prefix_size_ = 0;
  bool has_length_ = false;
  std::size_t frame_size_ = 0;
  std::size_t frame_capacity_ = 0;  // how far the frame may grow before memory is taken again
  Buffer frame_;
  std::span<const char> rest_;  // not looked at yet; in the scratch or in kept_
  Buffer kept_;
};

}  // namespace millrace::io
