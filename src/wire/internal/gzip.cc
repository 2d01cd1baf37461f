#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

#include "wire/internal/codecs.h"

namespace millrace::wire::internal {
namespace {

constexpr int kGzipFraming = 15 + 16;  // the largest window, and a gzip header in front
constexpr int kMemoryLevel = 8;

struct Deflater {
  z_stream stream{};
  ~Deflater() { deflateEnd(&stream); }
};

struct Inflater {
  z_stream stream{};
  bool is_ready = inflateInit2(&stream, kGzipFraming) == Z_OK;
  Inflater() = default;
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream); }
};

/// One a thread, kept: its window takes longer to make than a small batch to inflate.
z_stream* thread_gzip_stream() {
  thread_local Inflater inflater;
  if (!inflater.is_ready || inflateReset(&inflater.stream) != Z_OK) return nullptr;
  inflater.stream.msg = nullptr;
  return &inflater.stream;
}

Bytef* bytes_of(std::string_view view) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(view.data()));  // zlib does not write there
}

Error corrupt(const z_stream& stream) {
  return Error{ErrorCode::kCorrupt,
               fmt::format("gzip: {}", stream.msg == nullptr ? "cut short" : stream.msg)};
}

}  // namespace

Status gzip_compress(CompressionLevel level, std::string_view in, Buffer& out) {
  Deflater deflater;
  z_stream& stream = deflater.stream;
  const int wanted = level ? std::clamp(*level, 0, 9) : Z_DEFAULT_COMPRESSION;
  if (deflateInit2(&stream, wanted, Z_DEFLATED, kGzipFraming, kMemoryLevel, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    return Error{ErrorCode::kTooLarge, "gzip: no memory for its state"};
  }
  const std::size_t bound = deflateBound(&stream, in.size());
  const std::size_t start = out.size();
  stream.next_in = bytes_of(in);
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.extend(bound));
  stream.avail_out = static_cast<uInt>(bound);
  const int result = deflate(&stream, Z_FINISH);
  if (result != Z_STREAM_END) {
    out.resize_uninitialized(start);
    return Error{ErrorCode::kTooLarge, fmt::format("gzip: deflate answered {}", result)};
  }
  out.resize_uninitialized(start + stream.total_out);
  return {};
}

Status gzip_decompress(std::string_view in, BoundedOutput& out) {
  z_stream* const kept = thread_gzip_stream();
  if (kept == nullptr) return Error{ErrorCode::kTooLarge, "gzip: no memory for its state"};
  z_stream& stream = *kept;
  stream.next_in = bytes_of(in);
  stream.avail_in = static_cast<uInt>(std::min<std::size_t>(in.size(), UINT32_MAX));
  std::size_t guess = in.size() * 4;
  for (;;) {
    if (!out.make_room(guess)) return out.refusal();
    guess = 0;
    const auto room = static_cast<uInt>(std::min<std::size_t>(out.free_bytes(), UINT32_MAX));
    stream.next_out = reinterpret_cast<Bytef*>(out.free());
    stream.avail_out = room;
    const int result = inflate(&stream, Z_NO_FLUSH);
    out.commit(room - stream.avail_out);
    if (out.is_over()) return out.refusal();
    if (result == Z_STREAM_END) {
      if (stream.avail_in == 0) return {};
      inflateReset(&stream);  // members may follow one another: RFC 1952 section 2.2
      continue;
    }
    if (result != Z_OK) return corrupt(stream);
    if (stream.avail_in == 0 && stream.avail_out > 0) return corrupt(stream);
  }
}

}  // namespace millrace::wire::internal
