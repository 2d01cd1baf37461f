// Errors as older clients know them.
#pragma once

#include <cstdint>

#include "wire/error_codes.h"

namespace millrace::broker {

/// PRODUCER_FENCED is INVALID_PRODUCER_EPOCH to clients of before it had a name of its own.
/// known_since  the version of the API that knows it
constexpr wire::KafkaError in_older_words(wire::KafkaError error, std::int16_t api_version,
                                          std::int16_t known_since) {
  const bool is_unknown = error == wire::KafkaError::kProducerFenced && api_version < known_since;
  return is_unknown ? wire::KafkaError::kInvalidProducerEpoch : error;
}

}  // namespace millrace::broker
