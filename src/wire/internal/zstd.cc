#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

#include "wire/internal/codecs.h"

namespace millrace::wire::internal {
namespace {

struct FreeZstdEncoder {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct FreeZstdDecoder {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

/// One context a thread, kept: making one costs more than a small batch.
ZSTD_CCtx* thread_zstd_encoder() {
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeZstdEncoder> encoder(ZSTD_createCCtx());
  return encoder.get();
}

using ZstdDecoder = std::unique_ptr<ZSTD_DCtx, FreeZstdDecoder>;

/// Windows over 128 MiB are an error, as they are to zstd and zstd-jni when nobody sets another
/// limit. Less would not do: level 22, which clients may choose, claims so much for any batch.
constexpr int kWindowLogMax = 27;
constexpr std::uint64_t kWindowBytesMax = std::uint64_t{1} << unsigned{kWindowLogMax};

/// What a thread keeps between batches: the window of level 19 and what goes with it. Larger ones
/// go back, so that a claim costs no memory beyond its batch, nor more than the batch inflates to.
constexpr std::size_t kKeptDecoderBytesMax = std::size_t{16} << 20U;

ZstdDecoder& thread_zstd_decoder() {
  thread_local ZstdDecoder decoder;
  if (decoder == nullptr) {
    decoder.reset(ZSTD_createDCtx());
    if (decoder != nullptr)
      ZSTD_DCtx_setParameter(decoder.get(), ZSTD_d_windowLogMax, kWindowLogMax);
  } else {
    ZSTD_DCtx_reset(decoder.get(), ZSTD_reset_session_only);
  }
  return decoder;
}

/// Whether the frame at the start of `in` says that it needs a larger window than is taken. The
/// decoder does not ask that of a frame which fits into what it is given; other readers may.
/// source  RFC 8878, 3.1.1.1
bool window_is_too_large(std::string_view in) {
  constexpr std::string_view kMagic = "\x28\xb5\x2f\xfd";
  constexpr unsigned kSingleSegmentBit = 0x20;  // there is no window but the content
  if (in.size() < 6 || !in.starts_with(kMagic)) return false;
  const auto descriptor = static_cast<unsigned char>(in[4]);
  if ((descriptor & kSingleSegmentBit) != 0) return false;
  const auto window = static_cast<unsigned char>(in[5]);
  const std::uint64_t base = std::uint64_t{1} << (10U + (window >> 3U));
  return base + base / 8 * (window & 7U) > kWindowBytesMax;
}

/// A frame that claims at most this many times its own size is inflated in one go; a larger claim
/// has to prove itself byte by byte.
constexpr std::size_t kTrustedRatio = 64;

Error corrupt_zstd(std::size_t code) {
  return Error{ErrorCode::kCorrupt, fmt::format("zstd: {}", ZSTD_getErrorName(code))};
}

/// Inflates when `in` is exactly one frame with a believable size in its header.
/// Returns whether it did; when it did not nothing has changed.
bool inflate_at_once(ZSTD_DCtx* decoder, std::string_view in, BoundedOutput& out) {
  const unsigned long long size = ZSTD_getFrameContentSize(in.data(), in.size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR) return false;
  if (size > in.size() * kTrustedRatio || size > out.size_bytes_max() - out.produced_bytes()) {
    return false;
  }
  if (!out.takes_at_once(size) || window_is_too_large(in)) return false;
  if (ZSTD_findFrameCompressedSize(in.data(), in.size()) != in.size()) return false;
  if (!out.make_room_for(size)) return false;
  const std::size_t produced =
      ZSTD_decompressDCtx(decoder, out.free(), out.free_bytes(), in.data(), in.size());
  if (ZSTD_isError(produced) != 0 || produced > size) return false;
  out.commit(produced);
  return true;
}

Status inflate_stream(ZSTD_DCtx* decoder, std::string_view in, BoundedOutput& out) {
  ZSTD_DCtx_reset(decoder, ZSTD_reset_session_only);
  ZSTD_inBuffer input{in.data(), in.size(), 0};
  std::size_t guess = in.size() * 4;
  std::size_t wants = 1;  // 0 at the end of a frame
  bool begins_frame = true;
  while (input.pos < input.size || wants != 0) {
    if (!out.make_room(guess)) return out.refusal();
    guess = 0;
    if (begins_frame && window_is_too_large(in.substr(input.pos))) {
      return Error{ErrorCode::kCorrupt, "zstd: a frame wants a window of over 128 MiB"};
    }
    ZSTD_outBuffer output{out.free(), out.free_bytes(), 0};
    const std::size_t before = input.pos;
    wants = ZSTD_decompressStream(decoder, &output, &input);
    if (ZSTD_isError(wants) != 0) return corrupt_zstd(wants);
    begins_frame = wants == 0;
    out.commit(output.pos);
    if (out.is_over()) return out.refusal();
    if (output.pos < output.size && input.pos == input.size && wants != 0 &&
        (output.pos == 0 || input.pos == before)) {
      return Error{ErrorCode::kCorrupt, "zstd: cut short"};
    }
  }
  return {};
}

}  // namespace

Status zstd_compress(CompressionLevel level, std::string_view in, Buffer& out) {
  ZSTD_CCtx* const encoder = thread_zstd_encoder();
  if (encoder == nullptr) return Error{ErrorCode::kTooLarge, "zstd: no memory for its state"};
  const int wanted =
      level ? std::clamp(*level, ZSTD_minCLevel(), ZSTD_maxCLevel()) : ZSTD_CLEVEL_DEFAULT;
  const std::size_t bound = ZSTD_compressBound(in.size());
  const std::size_t start = out.size();
  char* const to = out.extend(bound);
  const std::size_t size = ZSTD_compressCCtx(encoder, to, bound, in.data(), in.size(), wanted);
  if (ZSTD_isError(size) != 0) {
    out.resize_uninitialized(start);
    return Error{ErrorCode::kTooLarge, fmt::format("zstd: {}", ZSTD_getErrorName(size))};
  }
  out.resize_uninitialized(start + size);
  return {};
}

Status zstd_decompress(std::string_view in, BoundedOutput& out) {
  ZstdDecoder& decoder = thread_zstd_decoder();
  if (decoder == nullptr) return Error{ErrorCode::kTooLarge, "zstd: no memory for its state"};
  if (inflate_at_once(decoder.get(), in, out)) return {};
  Status status = inflate_stream(decoder.get(), in, out);
  if (ZSTD_sizeof_DCtx(decoder.get()) > kKeptDecoderBytesMax) decoder.reset();
  return status;
}

}  // namespace millrace::wire::internal
