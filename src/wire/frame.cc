#include "wire/frame.h"

#include <fmt/format.h>

#include "base/byte_writer.h"
#include "wire/api_table.h"
#include "wire/field_types.h"

namespace millrace::wire {

namespace {

void skip_tagged_fields(ByteReader& reader) {
  const std::uint32_t count = reader.uvarint();
  if (count > kTaggedFieldsMax) return reader.fail("at most 10000 tagged fields");
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    reader.uvarint();
    reader.skip(reader.uvarint());
  }
}

// The request header's client id keeps its old form in every version: the header is read before its
// reader knows anything.
std::optional<std::string> read_client_id(ByteReader& reader) {
  const std::int16_t length = reader.i16();
  if (length < 0) return std::nullopt;
  return std::string(reader.bytes(static_cast<std::size_t>(length)));
}

bool is_flexible(ApiKey key, std::int16_t version) {
  const ApiRow* const row = find_api(key);
  return row != nullptr && row->is_flexible(version);
}

bool has_tagged_response_header(ApiKey key, std::int16_t version) {
  return key != ApiKey::kApiVersions && is_flexible(key, version);
}

}  // namespace

std::uint64_t EncodedResponse::size_bytes() const {
  std::uint64_t size = bytes.size();
  for (const Splice& splice : splices) size += splice.size_bytes;
  return size;
}

Result<RequestHeader> decode_request_header(ByteReader& reader) {
  RequestHeader header;
  header.api_key = static_cast<ApiKey>(reader.i16());
  header.api_version = reader.i16();
  header.correlation_id = reader.i32();
  if (reader.ok() && find_api(header.api_key) == nullptr) {
    return Error{
        ErrorCode::kUnsupported,
        fmt::format("request for API key {} ({}), which this build does not speak",
                    static_cast<std::int16_t>(header.api_key), api_key_name(header.api_key))};
  }
  header.client_id = read_client_id(reader);
  if (is_flexible(header.api_key, header.api_version)) skip_tagged_fields(reader);
  if (reader.ok()) return header;
  return Error(reader.status().error()).with_context("request header");
}

Result<ResponseHeader> decode_response_header(ByteReader& reader, ApiKey key,
                                              std::int16_t version) {
  ResponseHeader header;
  header.correlation_id = reader.i32();
  if (has_tagged_response_header(key, version)) skip_tagged_fields(reader);
  if (reader.ok()) return header;
  return Error(reader.status().error()).with_context("response header");
}

void encode_request_header(const RequestHeader& header, Buffer& out) {
  ByteWriter writer(out);
  writer.i16(static_cast<std::int16_t>(header.api_key));
  writer.i16(header.api_version);
  writer.i32(header.correlation_id);
  if (header.client_id.has_value()) {
    const auto id = std::string_view(*header.client_id).substr(0, INT16_MAX);
    writer.i16(static_cast<std::int16_t>(id.size()));
    writer.bytes(id);
  } else {
    writer.i16(-1);
  }
  if (is_flexible(header.api_key, header.api_version)) writer.uvarint(0);
}

void encode_response_header(ApiKey key, std::int16_t version, std::int32_t correlation_id,
                            Buffer& out) {
  ByteWriter writer(out);
  writer.i32(correlation_id);
  if (has_tagged_response_header(key, version)) writer.uvarint(0);
}

}  // namespace millrace::wire
