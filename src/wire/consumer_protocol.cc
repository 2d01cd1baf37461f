#include "wire/consumer_protocol.h"

#include "wire/codec.h"
#include "wire/versioned_bytes.h"

namespace millrace::wire {

template struct Codec<ConsumerProtocolSubscription>;
template struct Codec<ConsumerProtocolAssignment>;

Result<std::string> encode_subscription(const ConsumerProtocolSubscription& subscription,
                                        std::int16_t version) {
  return encode_versioned(subscription, version);
}

Result<std::string> encode_assignment(const ConsumerProtocolAssignment& assignment,
                                      std::int16_t version) {
  return encode_versioned(assignment, version);
}

Result<ConsumerProtocolSubscription> decode_subscription(std::string_view bytes) {
  return decode_up_to_newest<ConsumerProtocolSubscription>(bytes);
}

Result<ConsumerProtocolAssignment> decode_assignment(std::string_view bytes) {
  if (bytes.empty()) return ConsumerProtocolAssignment{};
  return decode_up_to_newest<ConsumerProtocolAssignment>(bytes);
}

}  // namespace millrace::wire
