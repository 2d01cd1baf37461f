// The answers to JoinGroup and SyncGroup, whose fields depend on the version that asked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/groups/coordinator/group_state.h"
#include "wire/error_codes.h"
#include "wire/messages/join_group.h"
#include "wire/messages/sync_group.h"

namespace millrace::broker {

wire::JoinGroupResponse join_error(std::int16_t api_version, std::string_view member_id,
                                   wire::KafkaError error);

enum class TellMembers : std::uint8_t { kNo, kIfLeader };

/// The generation as it is now. The leader is told the members, and what they joined with.
wire::JoinGroupResponse join_success(const Group& group, std::string_view member_id,
                                     TellMembers tell = TellMembers::kIfLeader);

wire::SyncGroupResponse sync_error(wire::KafkaError error);
wire::SyncGroupResponse sync_success(const Group& group, const Member& member);

}  // namespace millrace::broker
