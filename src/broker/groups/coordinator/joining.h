// Joining: a JoinGroup request on its way, shared by the files that decide about it.
#pragma once

#include <string>
#include <vector>

#include "broker/groups/coordinator/turn.h"

namespace millrace::broker {

/// `prefix`-UUID, as Kafka names members.
std::string make_member_id(std::string_view prefix, Random& random);

struct Joining {
  ParkedRequest request;
  std::string client_id;
  std::string client_host;
  std::string member_id;
  std::optional<std::string> instance_id;
  std::string protocol_type;
  std::vector<MemberProtocol> protocols;
  Millis session_timeout{};
  Millis rebalance_timeout{};

  void refuse(Turn& turn, wire::KafkaError error) const { refuse(turn, error, member_id); }
  void refuse(Turn& turn, wire::KafkaError error, std::string_view member_id_to_tell) const;
};

/// Adds a member that was not in the group, and rebalances.
void add_and_rebalance(Turn& turn, Group& group, Joining joining, std::string member_id);
/// Takes over what the member now says of itself, lets it wait, and rebalances.
void update_and_rebalance(Turn& turn, Group& group, Member& member, Joining joining,
                          std::string_view reason);
/// What update_and_rebalance takes over; the member waits from here on.
void take_over(Member& member, Joining joining);

/// A static member without a member id: new, or back after a restart.
void join_static(Turn& turn, Group& group, Joining joining, std::string new_member_id);

}  // namespace millrace::broker
