// What an append to `__consumer_offsets` that failed means to the member that waits for it.
#pragma once

#include "wire/error_codes.h"

namespace millrace::broker {

/// The member's error for the log's, as Kafka translates them.
/// when_too_large  for records that the log's topic does not take
wire::KafkaError error_of_append(wire::KafkaError error, wire::KafkaError when_too_large);

}  // namespace millrace::broker
