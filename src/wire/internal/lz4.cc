#include <fmt/format.h>
#include <lz4frame.h>

#include <algorithm>
#include <memory>

#include "wire/internal/codecs.h"

namespace millrace::wire::internal {
namespace {

constexpr int kLevelMax = 12;

struct FreeLz4Decoder {
  void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
};
using Decoder = std::unique_ptr<LZ4F_dctx, FreeLz4Decoder>;

/// One decoder a thread, kept: making one costs more than inflating a small batch.
LZ4F_dctx* thread_lz4_decoder() {
  thread_local const Decoder decoder = [] {
    LZ4F_dctx* context = nullptr;
    LZ4F_createDecompressionContext(&context, LZ4F_VERSION);
    return Decoder(context);
  }();
  if (decoder != nullptr) LZ4F_resetDecompressionContext(decoder.get());
  return decoder.get();
}

}  // namespace

Status lz4_compress(CompressionLevel level, std::string_view in, Buffer& out) {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.blockSizeID = LZ4F_max64KB;
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;  // Kafka's Java reader takes no other
  preferences.frameInfo.contentChecksumFlag = LZ4F_noContentChecksum;
  preferences.compressionLevel = level ? std::clamp(*level, 0, kLevelMax) : 0;
  const std::size_t bound = LZ4F_compressFrameBound(in.size(), &preferences);
  const std::size_t start = out.size();
  char* const to = out.extend(bound);
  const std::size_t size = LZ4F_compressFrame(to, bound, in.data(), in.size(), &preferences);
  if (LZ4F_isError(size) != 0) {
    out.resize_uninitialized(start);
    return Error{ErrorCode::kTooLarge, fmt::format("lz4: {}", LZ4F_getErrorName(size))};
  }
  out.resize_uninitialized(start + size);
  return {};
}

Status lz4_decompress(std::string_view in, BoundedOutput& out) {
  LZ4F_dctx* const decoder = thread_lz4_decoder();
  if (decoder == nullptr) return Error{ErrorCode::kTooLarge, "lz4: no memory for its state"};
  std::size_t guess = in.size() * 4;
  std::size_t wants = 1;  // 0 at the end of a frame
  while (!in.empty() || wants != 0) {
    if (!out.make_room(guess)) return out.refusal();
    guess = 0;
    std::size_t produced = out.free_bytes();
    std::size_t consumed = in.size();
    wants = LZ4F_decompress(decoder, out.free(), &produced, in.data(), &consumed, nullptr);
    if (LZ4F_isError(wants) != 0) {
      return Error{ErrorCode::kCorrupt, fmt::format("lz4: {}", LZ4F_getErrorName(wants))};
    }
    out.commit(produced);
    in.remove_prefix(consumed);
    if (out.is_over()) return out.refusal();
    if (produced == 0 && consumed == 0 && wants != 0 && out.free_bytes() > 0) {
      return Error{ErrorCode::kCorrupt, "lz4: cut short"};
    }
  }
  return {};
}

}  // namespace millrace::wire::internal
