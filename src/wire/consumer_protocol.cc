#include "wire/consumer_protocol.h"

#include <algorithm>

#include "wire/codec.h"
#include "wire/versioned_bytes.h"

namespace millrace::wire {

template struct Codec<ConsumerProtocolSubscription>;
template struct Codec<ConsumerProtocolAssignment>;

namespace {

template <class M>
Result<M> decode_up_to_newest(std::string_view bytes) {
  ByteReader reader(bytes);
  const std::int16_t version = reader.i16();
  if (!reader.ok()) return Error(reader.status().error()).with_context(M::kName);
  return Codec<M>::decode(reader, std::min(version, M::kVersions.max));
}

}  // namespace

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
