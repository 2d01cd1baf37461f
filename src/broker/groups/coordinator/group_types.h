// The small words of the groups: who asks.
#pragma once

#include <cstdint>
#include <string>

#include "broker/coordination/coordinator_types.h"

namespace millrace::broker {

/// Who asks: what JoinGroup remembers and DescribeGroups shows, and what version rules depend on.
struct GroupCaller {
  std::int16_t api_version = 0;
  std::string client_id;    // empty when the client sent none
  std::string client_host;  // as Kafka shows it: "/127.0.0.1"
};

}  // namespace millrace::broker
