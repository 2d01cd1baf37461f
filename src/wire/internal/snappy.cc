#include <fmt/format.h>
#include <snappy.h>

#include <algorithm>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "wire/internal/codecs.h"

namespace millrace::wire::internal {
namespace {

// The framing of snappy-java, which Kafka's own clients use: magic, two versions, then blocks, each
// with its length in front.
constexpr std::string_view kXerialMagic{"\x82SNAPPY\0", 8};
constexpr std::int32_t kXerialVersion = 1;
constexpr std::int32_t kXerialMagicHead = static_cast<std::int32_t>(0x82534e41);
constexpr std::size_t kXerialHeaderRest = 12;  // after the first four bytes of a header
constexpr std::size_t kBlockSize = 32 * 1024;

/// No snappy element makes more than 64 bytes of 3: a larger claim is a lie.
constexpr std::size_t kRatioMax = 22;

Status inflate_block(std::string_view block, BoundedOutput& out) {
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(block.data(), block.size(), &size)) {
    return Error{ErrorCode::kCorrupt, "snappy: block without a length"};
  }
  if (size > block.size() * kRatioMax) {
    return Error{ErrorCode::kCorrupt,
                 fmt::format("snappy: {} bytes claim to inflate to {}", block.size(), size)};
  }
  if (size > out.size_bytes_max() - out.produced_bytes()) return out.refusal();
  if (!out.make_room_for(size)) return out.refusal();
  if (!snappy::RawUncompress(block.data(), block.size(), out.free())) {
    return Error{ErrorCode::kCorrupt, "snappy: bad block"};
  }
  out.commit(size);
  return {};
}

}  // namespace

Status snappy_compress(std::string_view in, Buffer& out) {
  ByteWriter writer(out);
  writer.bytes(kXerialMagic);
  writer.i32(kXerialVersion);
  writer.i32(kXerialVersion);
  for (std::size_t at = 0; at < in.size(); at += kBlockSize) {
    const std::string_view block = in.substr(at, kBlockSize);
    const std::size_t length_at = out.size();
    writer.i32(0);
    const std::size_t start = out.size();
    char* const to = out.extend(snappy::MaxCompressedLength(block.size()));
    std::size_t size = 0;
    snappy::RawCompress(block.data(), block.size(), to, &size);
    out.resize_uninitialized(start + size);
    writer.patch_i32(length_at, static_cast<std::int32_t>(size));
  }
  return {};
}

Status snappy_decompress(std::string_view in, BoundedOutput& out) {
  if (!in.starts_with(kXerialMagic)) return inflate_block(in, out);
  ByteReader reader(in);
  reader.skip(kXerialMagic.size() + 2 * sizeof(std::int32_t));
  while (reader.ok() && reader.remaining() > 0) {
    const std::int32_t length = reader.i32();
    if (length == kXerialMagicHead) {  // streams may follow one another, header and all
      reader.skip(kXerialHeaderRest);
      continue;
    }
    if (length < 0) {
      return Error{ErrorCode::kCorrupt, fmt::format("snappy: block of {} bytes", length)};
    }
    const std::string_view block = reader.bytes(static_cast<std::size_t>(length));
    if (!reader.ok()) break;
    if (block.empty()) continue;
    if (Status status = inflate_block(block, out); !status.ok()) return status;
  }
  if (!reader.ok()) return Error{ErrorCode::kCorrupt, "snappy: cut short"};
  return {};
}

}  // namespace millrace::wire::internal
