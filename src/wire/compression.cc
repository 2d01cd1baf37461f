#include "wire/compression.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "wire/internal/codecs.h"

namespace millrace::wire {
namespace {

constexpr std::array<std::string_view, 5> kNames{"none", "gzip", "snappy", "lz4", "zstd"};

/// Over this a batch could not say its own length.
constexpr std::size_t kInputBytesMax = std::size_t{1} << 30U;

/// What a thread keeps for pieces at most; a larger block of snappy is given back.
constexpr std::size_t kKeptPieceBytesMax = std::size_t{1} << 20U;

Status inflate(Compression codec, std::string_view in, internal::BoundedOutput& bounded) {
  switch (codec) {
    case Compression::kNone:
      return bounded.append(in);
    case Compression::kGzip:
      return internal::gzip_decompress(in, bounded);
    case Compression::kSnappy:
      return internal::snappy_decompress(in, bounded);
    case Compression::kLz4:
      return internal::lz4_decompress(in, bounded);
    case Compression::kZstd:
      return internal::zstd_decompress(in, bounded);
  }
  return Error{ErrorCode::kUnsupported, fmt::format("codec {}", static_cast<int>(codec))};
}

}  // namespace

std::string_view compression_name(Compression codec) {
  const auto number = static_cast<std::size_t>(codec);
  return number < kNames.size() ? kNames[number] : "unknown";
}

Result<Compression> parse_compression(std::string_view name) {
  const auto* const found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) {
    return Error{
        ErrorCode::kInvalidArgument,
        fmt::format("compression: wanted one of {}, found '{}'", fmt::join(kNames, ", "), name)};
  }
  return static_cast<Compression>(found - kNames.begin());
}

Status compress(Compression codec, CompressionLevel level, std::string_view in, Buffer& out) {
  if (in.size() > kInputBytesMax) {
    return Error{ErrorCode::kTooLarge, fmt::format("{} bytes to compress, at most {} are taken",
                                                   in.size(), kInputBytesMax)};
  }
  switch (codec) {
    case Compression::kNone:
      out.append(in);
      return {};
    case Compression::kGzip:
      return internal::gzip_compress(level, in, out);
    case Compression::kSnappy:
      return internal::snappy_compress(in, out);
    case Compression::kLz4:
      return internal::lz4_compress(level, in, out);
    case Compression::kZstd:
      return internal::zstd_compress(level, in, out);
  }
  return Error{ErrorCode::kUnsupported, fmt::format("codec {}", static_cast<int>(codec))};
}

Status decompress(Compression codec, std::string_view in, std::size_t size_bytes_max, Buffer& out) {
  internal::BoundedOutput bounded(out, size_bytes_max);
  return inflate(codec, in, bounded);
}

Status decompress_pieces(Compression codec, std::string_view in, std::size_t size_bytes_max,
                         PieceTaker& taker) {
  thread_local Buffer pieces;
  pieces.clear();
  internal::BoundedOutput bounded(pieces, size_bytes_max, &taker);
  Status status = inflate(codec, in, bounded);
  if (status.ok()) status = bounded.drain();
  if (pieces.capacity() > kKeptPieceBytesMax) pieces = Buffer{};
  return status;
}

}  // namespace millrace::wire
