#include "broker/groups/coordinator/responses.h"

#include "base/check.h"
#include "broker/groups/coordinator/turn.h"

namespace millrace::broker {

wire::JoinGroupResponse join_error(std::int16_t api_version, std::string_view member_id,
                                   wire::KafkaError error) {
  constexpr std::int16_t kProtocolNameNullableSince = 7;

  wire::JoinGroupResponse response;
  response.error_code = code_of(error);
  response.generation_id = -1;
  response.member_id = member_id;
  response.protocol_type.reset();
  response.protocol_name.reset();
  if (api_version < kProtocolNameNullableSince) response.protocol_name.emplace();
  return response;
}

wire::JoinGroupResponse join_success(const Group& group, std::string_view member_id,
                                     TellMembers tell) {
  CHECK(group.protocol_name().has_value(), "group {} has no protocol", group.id());

  wire::JoinGroupResponse response;
  response.generation_id = group.generation();
  response.protocol_type = group.protocol_type();
  response.protocol_name = group.protocol_name();
  response.leader = group.leader();
  response.member_id = member_id;
  if (tell == TellMembers::kNo || !group.is_leader(member_id)) return response;

  for (const auto& [id, member] : group.members()) {
    wire::JoinGroupResponse::JoinGroupResponseMember told;
    told.member_id = id;
    told.group_instance_id = member.instance_id;
    if (const auto* const metadata = member.metadata(*group.protocol_name())) {
      told.metadata = *metadata;
    }
    response.members.push_back(std::move(told));
  }
  return response;
}

wire::SyncGroupResponse sync_error(wire::KafkaError error) {
  wire::SyncGroupResponse response;
  response.error_code = code_of(error);
  response.protocol_type.reset();
  response.protocol_name.reset();
  return response;
}

wire::SyncGroupResponse sync_success(const Group& group, const Member& member) {
  wire::SyncGroupResponse response;
  response.protocol_type = group.protocol_type();
  response.protocol_name = group.protocol_name();
  response.assignment = member.assignment;
  return response;
}

}  // namespace millrace::broker
