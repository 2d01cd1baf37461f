#include "broker/groups/offsets/log_records.h"

#include <utility>

#include "base/check.h"

namespace millrace::broker {

namespace {

/// What goes into records was checked when the request came.
std::string encoded(Result<std::string> bytes) {
  CHECK(bytes.ok(), "a group record does not encode: {}", bytes.error().to_string());
  return std::move(bytes).value();
}

wire::OffsetCommitValue value_of(const CommittedOffset& committed) {
  wire::OffsetCommitValue value;
  value.offset = committed.commit.offset.value();
  value.leader_epoch = committed.commit.leader_epoch.value();
  value.metadata = committed.commit.metadata;
  value.commit_timestamp = committed.committed_at.value();
  return value;
}

Result<LoggedEntry> read_offset(wire::OffsetCommitKey key, std::optional<std::string_view> value) {
  LoggedOffset entry{std::move(key.group),
                     {.topic = std::move(key.topic), .partition = key.partition, .value = {}}};
  if (!value) return LoggedEntry{std::move(entry)};

  auto decoded = wire::decode_offset_commit_value(*value);
  if (!decoded.ok()) return std::move(decoded).error();
  entry.change.value = CommittedOffset{{.offset = Offset{decoded->offset},
                                        .leader_epoch = LeaderEpoch{decoded->leader_epoch},
                                        .metadata = std::move(decoded->metadata)},
                                       Timestamp{decoded->commit_timestamp}};
  return LoggedEntry{std::move(entry)};
}

Member member_of(wire::GroupMetadataValue::MemberMetadata logged,
                 const wire::GroupMetadataValue& group) {
  Member member;
  member.id = std::move(logged.member_id);
  member.instance_id = std::move(logged.group_instance_id);
  member.client_id = std::move(logged.client_id);
  member.client_host = std::move(logged.client_host);
  member.session_timeout = Millis{logged.session_timeout};
  // Version 0 of the record has no rebalance time-out.
  member.rebalance_timeout =
      logged.rebalance_timeout < 0 ? member.session_timeout : Millis{logged.rebalance_timeout};
  member.protocol_type = group.protocol_type;
  if (group.protocol) {
    member.protocols.push_back({*group.protocol, std::move(logged.subscription)});
  }
  member.assignment = std::move(logged.assignment);
  return member;
}

Result<LoggedEntry> read_group(wire::GroupMetadataKey key, std::optional<std::string_view> value) {
  LoggedGroup entry{std::move(key.group), std::nullopt};
  if (!value) return LoggedEntry{std::move(entry)};

  auto decoded = wire::decode_group_metadata_value(*value);
  if (!decoded.ok()) return std::move(decoded).error();
  Group::Restored restored;
  restored.generation = decoded->generation;
  restored.protocol_type = decoded->protocol_type;
  restored.protocol_name = decoded->protocol;
  restored.leader = decoded->leader.value_or("");
  restored.state_since = Timestamp{decoded->current_state_timestamp};
  for (auto& member : decoded->members) {
    restored.members.push_back(member_of(std::move(member), *decoded));
  }
  entry.group = std::move(restored);
  return LoggedEntry{std::move(entry)};
}

}  // namespace

LogRecord offset_record(const std::string& group_id, const OffsetChange& change) {
  LogRecord record;
  record.key = encoded(wire::encode_group_record(wire::OffsetCommitKey{
      .group = group_id, .topic = change.topic, .partition = change.partition}));
  if (change.value) record.value = encoded(wire::encode_group_record(value_of(*change.value)));
  return record;
}

LogRecord group_record(const Group& group, const std::map<std::string, std::string>& assignments) {
  wire::GroupMetadataValue value;
  value.protocol_type = group.protocol_type().value_or("");
  value.generation = group.generation();
  value.protocol = group.protocol_name();
  value.leader = group.leader().empty() ? std::nullopt : std::optional(group.leader());
  value.current_state_timestamp = group.state_since().value();
  for (const auto& [id, member] : group.members()) {
    wire::GroupMetadataValue::MemberMetadata logged;
    logged.member_id = id;
    logged.group_instance_id = member.instance_id;
    logged.client_id = member.client_id;
    logged.client_host = member.client_host;
    logged.rebalance_timeout = static_cast<std::int32_t>(member.rebalance_timeout.count());
    logged.session_timeout = static_cast<std::int32_t>(member.session_timeout.count());
    const std::string* const metadata =
        group.protocol_name() ? member.metadata(*group.protocol_name()) : nullptr;
    CHECK(metadata != nullptr, "member {} of group {} has no protocol to store", id, group.id());
    logged.subscription = *metadata;
    if (const auto found = assignments.find(id); found != assignments.end()) {
      logged.assignment = found->second;
    }
    value.members.push_back(std::move(logged));
  }
  return {encoded(wire::encode_group_record(wire::GroupMetadataKey{.group = group.id()})),
          encoded(wire::encode_group_record(value))};
}

LogRecord group_tombstone(const std::string& group_id) {
  return {encoded(wire::encode_group_record(wire::GroupMetadataKey{.group = group_id})),
          std::nullopt};
}

Result<LoggedEntry> read_log_record(wire::GroupRecordKey key,
                                    std::optional<std::string_view> value) {
  if (auto* const offset = std::get_if<wire::OffsetCommitKey>(&key)) {
    return read_offset(std::move(*offset), value);
  }
  if (auto* const group = std::get_if<wire::GroupMetadataKey>(&key)) {
    return read_group(std::move(*group), value);
  }
  return LoggedEntry{LoggedOther{}};
}

Result<LoggedEntry> read_log_record(std::string_view key, std::optional<std::string_view> value) {
  auto decoded = wire::decode_group_key(key);
  if (!decoded.ok()) return std::move(decoded).error();
  return read_log_record(std::move(decoded).value(), value);
}

}  // namespace millrace::broker
