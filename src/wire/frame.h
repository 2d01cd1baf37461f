// Frames: a header and a body, without the four bytes of length in front, which io writes and
// reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/byte_reader.h"
#include "base/result.h"
#include "wire/api_key.h"
#include "wire/message.h"

namespace millrace::wire {

struct RequestHeader {
  ApiKey api_key = ApiKey::kApiVersions;
  std::int16_t api_version = 0;
  std::int32_t correlation_id = 0;
  std::optional<std::string> client_id;

  bool operator==(const RequestHeader&) const = default;
};

struct ResponseHeader {
  std::int32_t correlation_id = 0;
};

/// A response as it will be sent: `bytes`, interrupted by external bytes where `splices` say.
struct EncodedResponse {
  Buffer bytes;
  std::vector<Splice> splices;

  /// What the length prefix has to say.
  std::uint64_t size_bytes() const;
};

/// Reads a request's header and leaves the reader at the body. The version may be one that we do
/// not serve: ask wire/api_table.h.
/// errors  kUnsupported (an API that we do not know; close the connection, as Kafka does),
///         kTruncated, kCorrupt
Result<RequestHeader> decode_request_header(ByteReader& reader);

/// errors  kTruncated, kCorrupt
Result<ResponseHeader> decode_response_header(ByteReader& reader, ApiKey key, std::int16_t version);

/// Appends the header in the form that its API and version want. ApiVersions responses always take
/// the oldest form, so that a client can read them before it knows the broker.
void encode_request_header(const RequestHeader& header, Buffer& out);
void encode_response_header(ApiKey key, std::int16_t version, std::int32_t correlation_id,
                            Buffer& out);

/// A whole request; `header.api_key` is taken from M.
/// errors  those of Codec<M>::encode
template <class M>
Result<Buffer> encode_request(RequestHeader header, const M& message) {
  header.api_key = M::kApiKey;
  Buffer out;
  encode_request_header(header, out);
  Status status = Codec<M>::encode(message, header.api_version, out);
  if (!status.ok()) return std::move(status).error();
  return out;
}

/// A whole response.
/// errors  those of Codec<M>::encode
template <class M>
Result<EncodedResponse> encode_response(ApiKey key, std::int16_t version,
                                        std::int32_t correlation_id, const M& message) {
  EncodedResponse out;
  encode_response_header(key, version, correlation_id, out.bytes);
  Status status = Codec<M>::encode(message, version, out.bytes, &out.splices);
  if (!status.ok()) return std::move(status).error();
  return out;
}

/// Reads a request's or response's body behind its header.
/// errors  those of Codec<M>::decode
template <class M>
Result<M> decode_body(ByteReader& reader, std::int16_t version) {
  return Codec<M>::decode(reader, version);
}

}  // namespace millrace::wire
