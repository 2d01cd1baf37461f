// One codec a .cc behind wire/compression.h, and the bounded output they share.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"
#include "wire/compression.h"

namespace millrace::wire::internal {

/// How much inflates between two calls of a PieceTaker.
inline constexpr std::size_t kPieceBytes = std::size_t{64} << 10U;

/// The end of a Buffer as a place to inflate into, growing as bytes come, never past a bound.
/// It offers one byte more than the bound, so that a codec which fills that one is over it.
/// With a taker the buffer is emptied into it again and again, and the bound is that of the sum,
/// which may be passed by one piece.
class BoundedOutput {
 public:
  BoundedOutput(Buffer& out, std::size_t size_bytes_max, PieceTaker* taker = nullptr)
      : out_(out), start_(out.size()), size_bytes_max_(size_bytes_max), taker_(taker) {}

  /// Makes room for `guess` bytes, or for as many as are allowed, or for twice what is there when
  /// all room is used. False when the bound is passed or the taker refused.
  bool make_room(std::size_t guess);
  /// Makes room for exactly `size` bytes that come at once. False when they pass the bound.
  bool make_room_for(std::size_t size);
  /// Whether `size` bytes may be inflated in one go.
  bool takes_at_once(std::size_t size) const { return taker_ == nullptr || size <= kPieceBytes; }
  /// Gives all there is to the taker.  errors  those of the taker
  Status drain();
  char* free() { return out_.data() + out_.size(); }
  std::size_t free_bytes() const { return out_.capacity() - out_.size(); }
  /// Counts in what was written at free().
  void commit(std::size_t count) { out_.resize_uninitialized(out_.size() + count); }

  std::size_t produced_bytes() const { return drained_bytes_ + out_.size() - start_; }
  std::size_t size_bytes_max() const { return size_bytes_max_; }
  bool is_over() const { return produced_bytes() > size_bytes_max_; }
  Status append(std::string_view bytes);
  /// Why there is no room: what the taker said, or kTooLarge, saying the bound.
  Error refusal() const;

 private:
  Buffer& out_;
  std::size_t start_;
  std::size_t size_bytes_max_;
  PieceTaker* taker_;
  std::size_t drained_bytes_ = 0;
  Status taken_;  // how the taker found it
};

Status gzip_compress(CompressionLevel level, std::string_view in, Buffer& out);
Status gzip_decompress(std::string_view in, BoundedOutput& out);
Status snappy_compress(std::string_view in, Buffer& out);
Status snappy_decompress(std::string_view in, BoundedOutput& out);
Status lz4_compress(CompressionLevel level, std::string_view in, Buffer& out);
Status lz4_decompress(std::string_view in, BoundedOutput& out);
Status zstd_compress(CompressionLevel level, std::string_view in, Buffer& out);
Status zstd_decompress(std::string_view in, BoundedOutput& out);

}  // namespace millrace::wire::internal
