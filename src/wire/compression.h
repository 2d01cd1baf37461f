// The four codecs of Kafka's record batches, in the framings that Kafka's clients use, bounded
// against hostile input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"

namespace millrace::wire {

/// As numbered in the lowest three bits of a batch's attributes.
enum class Compression : std::uint8_t { kNone = 0, kGzip = 1, kSnappy = 2, kLz4 = 3, kZstd = 4 };

/// "none", "gzip", "snappy", "lz4" or "zstd": the values of compression.type.
std::string_view compression_name(Compression codec);
/// errors  kInvalidArgument listing the names there are
Result<Compression> parse_compression(std::string_view name);

/// Where a user's wish meets the codec: levels outside its range are brought into it; nothing means
/// the codec's own default (gzip 6, lz4 fast, zstd 3; snappy has none).
using CompressionLevel = std::optional<int>;

/// Appends `in`, compressed, to `out`.
/// gzip: RFC 1952; snappy: xerial framing, 32 KiB blocks; lz4: LZ4 frame, 64 KiB independent
/// blocks; zstd: one frame with its content size.
/// errors  kTooLarge when `in` exceeds what the codec can take; `out` is then unchanged
Status compress(Compression codec, CompressionLevel level, std::string_view in, Buffer& out);

/// What a batch may inflate to when nobody says otherwise.
inline constexpr std::size_t kDecompressedBytesMaxDefault = std::size_t{256} << 20U;

/// Takes what inflates, piece by piece.
class PieceTaker {
 public:
  virtual ~PieceTaker() = default;
  /// Takes some of `bytes`, which begin with those that were left before; returns how many. An
  /// error ends the inflation.
  virtual Result<std::size_t> take(std::string_view bytes) = 0;
};

/// Decompresses `in` in pieces of 64 KiB, `size_bytes_max` bytes in sum, and gives them to `taker`.
/// What it leaves is kept for its next call. A block of snappy, which cannot be cut, comes whole.
/// errors  as decompress, and those of `taker`        thread  any: its memory belongs to the thread
Status decompress_pieces(Compression codec, std::string_view in, std::size_t size_bytes_max,
                         PieceTaker& taker);

/// Appends `in`, decompressed, to `out`: `size_bytes_max` at most. Memory is taken as bytes come
/// out of the codec, never because a header claims a size.
/// snappy: both xerial framing and one raw block.
/// errors  kCorrupt, kTooLarge (over size_bytes_max), kUnsupported (codec number); `out` may then
///         hold a part
Status decompress(Compression codec, std::string_view in, std::size_t size_bytes_max, Buffer& out);

}  // namespace millrace::wire
