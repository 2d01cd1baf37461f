// What members of a consumer group say to each other through JoinGroup and SyncGroup, as the values
// that assignors deal with. The layout is wire/consumer_protocol.h's.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "client/assignor.h"

namespace millrace::client {

/// In the latest version, which older members read up to what they know.
std::string encode_subscription(const MemberSubscription& subscription);
/// Everything but member and instance id, which the coordinator adds.
/// errors  kTruncated, kCorrupt
Result<MemberSubscription> decode_subscription(std::string_view bytes);

std::string encode_assignment(const MemberAssignment& assignment);
/// No bytes at all is an empty assignment.              errors  kTruncated, kCorrupt
Result<MemberAssignment> decode_assignment(std::string_view bytes);

}  // namespace millrace::client
