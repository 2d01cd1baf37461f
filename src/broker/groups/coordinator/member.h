// Member: one client in a group, as the coordinator knows it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "broker/groups/coordinator/group_types.h"

namespace millrace::broker {

/// A way to divide partitions that the member knows, and what it has to say for it (its
/// subscription). The bytes come from the client and mean nothing to the coordinator.
struct MemberProtocol {
  std::string name;
  std::string metadata;

  bool operator==(const MemberProtocol&) const = default;
};

/// A request that waits for something to happen in the group.
struct ParkedRequest {
  RequestToken token = kNoRequest;
  std::int16_t api_version = 0;

  bool is_waiting() const { return token != kNoRequest; }
};

struct Member {
  std::string id;
  std::optional<std::string> instance_id;  // a static member keeps its place by this name
  std::string client_id;
  std::string client_host;
  Millis session_timeout{};
  Millis rebalance_timeout{};
  std::string protocol_type;
  std::vector<MemberProtocol> protocols;  // the most wanted first
  std::string assignment;
  ParkedRequest awaiting_join;
  ParkedRequest awaiting_sync;
  bool is_new = false;     // it does not know its id yet, so it cannot send heartbeats
  bool owes_sync = false;  // it was told the generation, and has not asked for its assignment yet

  bool is_static() const { return instance_id.has_value(); }
  bool supports(std::string_view protocol) const { return metadata(protocol) != nullptr; }
  /// Null when the member does not know the protocol.
  const std::string* metadata(std::string_view protocol) const {
    for (const MemberProtocol& candidate : protocols) {
      if (candidate.name == protocol) return &candidate.metadata;
    }
    return nullptr;
  }
  /// Whether silence costs the membership now: a member that waits for us need not speak.
  bool must_be_heard() const {
    return is_new || (!awaiting_join.is_waiting() && !awaiting_sync.is_waiting());
  }
};

}  // namespace millrace::broker
