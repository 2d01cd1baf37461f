// A message that carries its own version: two bytes of it, then the fields. What group members send
// each other and what the logs of the coordinators hold.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/buffer.h"
#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/result.h"
#include "wire/message.h"

namespace millrace::wire {

/// errors  those of Codec<M>::encode
template <class M>
Result<std::string> encode_versioned(const M& message, std::int16_t version) {
  Buffer out;
  ByteWriter(out).i16(version);
  Status status = Codec<M>::encode(message, version, out);
  if (!status.ok()) return std::move(status).error();
  return std::string(out.view());
}

/// errors  those of Codec<M>::decode; kTruncated when not even the version is there
template <class M>
Result<M> decode_versioned(std::string_view bytes) {
  ByteReader reader(bytes);
  const std::int16_t version = reader.i16();
  if (!reader.ok()) return Error(reader.status().error()).with_context(M::kName);
  return Codec<M>::decode(reader, version);
}

/// The same, and a version newer than ours is read as the newest that we know: for formats whose
/// new fields only ever follow the old ones.
/// errors  kTruncated, kCorrupt; kUnsupported (a version below M's first)
template <class M>
Result<M> decode_up_to_newest(std::string_view bytes) {
  ByteReader reader(bytes);
  const std::int16_t version = reader.i16();
  if (!reader.ok()) return Error(reader.status().error()).with_context(M::kName);
  return Codec<M>::decode(reader, std::min(version, M::kVersions.max));
}

}  // namespace millrace::wire
