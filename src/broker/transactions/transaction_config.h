// The limits and delays of the transaction coordinator, named after Kafka's broker properties.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace millrace::broker {

struct TransactionConfig {
  /// transaction.max.timeout.ms
  Millis timeout_max{900'000};
  /// transactional.id.expiration.ms
  Millis id_expiration{std::chrono::hours{7 * 24}};
  /// transaction.remove.expired.transaction.cleanup.interval.ms
  Millis id_expiration_check_interval{3'600'000};
  /// How long after a marker, or the coordinator's own decision to abort, could not be written it
  /// is tried again.
  Millis retry_delay{1'000};
  /// The finalized feature transaction.version; 2 gives each transaction an epoch of its own.
  std::int16_t version = 2;
};

}  // namespace millrace::broker
