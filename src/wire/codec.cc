#include "wire/codec.h"

#include <utility>

namespace millrace::wire {

Error version_error(std::string_view message_name, VersionRange known, std::int16_t wanted) {
  return Error{ErrorCode::kUnsupported, fmt::format("{} has versions {} to {}, not {}",
                                                    message_name, known.min, known.max, wanted)};
}

Error encode_error(std::string_view message_name, std::int16_t version,
                   const EncodeFailure& failure) {
  return Error{failure.code,
               fmt::format("{} v{}: {} {}", message_name, version, failure.field, failure.reason)};
}

Error decode_error(std::string_view message_name, std::int16_t version, const Decoder& decoder,
                   const ByteReader& reader) {
  const std::string place =
      fmt::format("{} v{}, {}", message_name, version, decoder.failed_field());
  if (decoder.complaint() == nullptr) {
    return Error(reader.status().error()).with_context(place);
  }
  return Error{ErrorCode::kCorrupt,
               fmt::format("{}: {} before byte {}", place, decoder.complaint(), reader.position())};
}

}  // namespace millrace::wire
