// Codec<M>: what can be done with a message. Declared here, defined in wire/codec.h and
// instantiated in one .cc for each API, so that users of messages compile quickly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/byte_reader.h"
#include "base/random.h"
#include "base/result.h"

namespace millrace::wire {

/// Bytes that are not in the buffer: at `position` of it, `size_bytes` bytes follow from elsewhere.
struct Splice {
  std::size_t position = 0;
  std::uint64_t size_bytes = 0;

  bool operator==(const Splice&) const = default;
};

/// The body of a message M (a request, a response or a record of ours) in one of M::kVersions.
template <class M>
struct Codec {
  /// Bytes that the body takes, external records not counted.
  static std::size_t size(const M& message, std::int16_t version);

  /// Appends the body to `out`. External records leave a Splice each, in the order they were met.
  /// errors  kUnsupported (version outside M::kVersions; a value that the version cannot carry),
  ///         kInvalidArgument (null where it is not allowed), kTooLarge (a string over 32767 bytes,
  ///         external records where `splices` is null); `out` is then useless
  static Status encode(const M& message, std::int16_t version, Buffer& out,
                       std::vector<Splice>* splices = nullptr);

  /// Reads the body, and leaves the reader behind it. Records are views into the reader's bytes;
  /// everything else is copied. Unknown tagged fields are skipped.
  /// errors  kUnsupported (version outside M::kVersions), kTruncated and kCorrupt, naming the field
  /// cost    one pass; memory in proportion to the bytes read, whatever lengths they claim
  static Result<M> decode(ByteReader& reader, std::int16_t version);

  /// The fields of this version as one line of JSON. Bytes are hexadecimal; records only say their
  /// size; bytes of a string that are not UTF-8 are written as \u00XX.
  static std::string to_json(const M& message, std::int16_t version);

  /// A message with random values in the fields of this version, for tests.
  static M random(Random& random, std::int16_t version);
};

}  // namespace millrace::wire
