// A message that carries its own version: two bytes of it, then the fields. What group members send
// each other and what __consumer_offsets holds.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/buffer.h"
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

}  // namespace millrace::wire
