#include "wire/group_records.h"

#include <utility>

#include "wire/codec.h"
#include "wire/versioned_bytes.h"

namespace millrace::wire {

template struct Codec<OffsetCommitKey>;
template struct Codec<OffsetCommitValue>;
template struct Codec<GroupMetadataKey>;
template struct Codec<GroupMetadataValue>;

namespace {

template <class M>
Result<GroupRecordKey> decode_key_as(std::string_view bytes) {
  Result<M> key = decode_versioned<M>(bytes);
  if (!key.ok()) return std::move(key).error();
  return GroupRecordKey{std::move(key).value()};
}

}  // namespace

Result<std::string> encode_group_record(const OffsetCommitKey& key) {
  return encode_versioned(key, kOffsetCommitKeyVersion);
}

Result<std::string> encode_group_record(const OffsetCommitValue& value) {
  return encode_versioned(value, kOffsetCommitValueVersion);
}

Result<std::string> encode_group_record(const GroupMetadataKey& key) {
  return encode_versioned(key, kGroupMetadataKeyVersion);
}

Result<std::string> encode_group_record(const GroupMetadataValue& value) {
  return encode_versioned(value, kGroupMetadataValueVersion);
}

Result<GroupRecordKey> decode_group_key(std::string_view bytes) {
  ByteReader reader(bytes);
  const std::int16_t version = reader.i16();
  if (!reader.ok()) return Error(reader.status().error()).with_context("group record key");
  if (OffsetCommitKey::kVersions.contains(version)) return decode_key_as<OffsetCommitKey>(bytes);
  if (GroupMetadataKey::kVersions.contains(version)) return decode_key_as<GroupMetadataKey>(bytes);
  switch (version) {
    case ConsumerGroupMetadataKey::kVersions.min:
      return decode_key_as<ConsumerGroupMetadataKey>(bytes);
    case ConsumerGroupPartitionMetadataKey::kVersions.min:
      return decode_key_as<ConsumerGroupPartitionMetadataKey>(bytes);
    case ConsumerGroupMemberMetadataKey::kVersions.min:
      return decode_key_as<ConsumerGroupMemberMetadataKey>(bytes);
    case ConsumerGroupTargetAssignmentMetadataKey::kVersions.min:
      return decode_key_as<ConsumerGroupTargetAssignmentMetadataKey>(bytes);
    case ConsumerGroupTargetAssignmentMemberKey::kVersions.min:
      return decode_key_as<ConsumerGroupTargetAssignmentMemberKey>(bytes);
    case ConsumerGroupCurrentMemberAssignmentKey::kVersions.min:
      return decode_key_as<ConsumerGroupCurrentMemberAssignmentKey>(bytes);
    case ConsumerGroupRegularExpressionKey::kVersions.min:
      return decode_key_as<ConsumerGroupRegularExpressionKey>(bytes);
    default:
      break;
  }
  return GroupRecordKey{UnknownGroupKey{version}};
}

Result<OffsetCommitValue> decode_offset_commit_value(std::string_view bytes) {
  return decode_versioned<OffsetCommitValue>(bytes);
}

Result<GroupMetadataValue> decode_group_metadata_value(std::string_view bytes) {
  return decode_versioned<GroupMetadataValue>(bytes);
}

}  // namespace millrace::wire
