#include "wire/consumer_group_records.h"

#include "wire/codec.h"
#include "wire/versioned_bytes.h"

namespace millrace::wire {

template <class M>
Result<std::string> encode_consumer_group_record(const M& key_or_value) {
  return encode_versioned(key_or_value, M::kVersions.max);
}

template <class M>
Result<M> decode_consumer_group_value(std::string_view bytes) {
  return decode_versioned<M>(bytes);
}

template struct Codec<ConsumerGroupMetadataKey>;
template struct Codec<ConsumerGroupMetadataValue>;
template struct Codec<ConsumerGroupPartitionMetadataKey>;
template struct Codec<ConsumerGroupPartitionMetadataValue>;
template struct Codec<ConsumerGroupMemberMetadataKey>;
template struct Codec<ConsumerGroupMemberMetadataValue>;
template struct Codec<ConsumerGroupTargetAssignmentMetadataKey>;
template struct Codec<ConsumerGroupTargetAssignmentMetadataValue>;
template struct Codec<ConsumerGroupTargetAssignmentMemberKey>;
template struct Codec<ConsumerGroupTargetAssignmentMemberValue>;
template struct Codec<ConsumerGroupCurrentMemberAssignmentKey>;
template struct Codec<ConsumerGroupCurrentMemberAssignmentValue>;
template struct Codec<ConsumerGroupRegularExpressionKey>;
template struct Codec<ConsumerGroupRegularExpressionValue>;

template Result<std::string> encode_consumer_group_record(const ConsumerGroupMetadataKey&);
template Result<std::string> encode_consumer_group_record(const ConsumerGroupMetadataValue&);
template Result<std::string> encode_consumer_group_record(const ConsumerGroupPartitionMetadataKey&);
template Result<std::string> encode_consumer_group_record(
    const ConsumerGroupPartitionMetadataValue&);
template Result<std::string> encode_consumer_group_record(const ConsumerGroupMemberMetadataKey&);
template Result<std::string> encode_consumer_group_record(const ConsumerGroupMemberMetadataValue&);
template Result<std::string> encode_consumer_group_record(
    const ConsumerGroupTargetAssignmentMetadataKey&);
template Result<std::string> encode_consumer_group_record(
    const ConsumerGroupTargetAssignmentMetadataValue&);
template Result<std::string> encode_consumer_group_record(
    const ConsumerGroupTargetAssignmentMemberKey&);
template Result<std::string> encode_consumer_group_record(
    const ConsumerGroupTargetAssignmentMemberValue&);
template Result<std::string> encode_consumer_group_record(
    const ConsumerGroupCurrentMemberAssignmentKey&);
template Result<std::string> encode_consumer_group_record(
    const ConsumerGroupCurrentMemberAssignmentValue&);
template Result<std::string> encode_consumer_group_record(const ConsumerGroupRegularExpressionKey&);
template Result<std::string> encode_consumer_group_record(
    const ConsumerGroupRegularExpressionValue&);

template Result<ConsumerGroupMetadataValue> decode_consumer_group_value(std::string_view);
template Result<ConsumerGroupPartitionMetadataValue> decode_consumer_group_value(std::string_view);
template Result<ConsumerGroupMemberMetadataValue> decode_consumer_group_value(std::string_view);
template Result<ConsumerGroupTargetAssignmentMetadataValue> decode_consumer_group_value(
    std::string_view);
template Result<ConsumerGroupTargetAssignmentMemberValue> decode_consumer_group_value(
    std::string_view);
template Result<ConsumerGroupCurrentMemberAssignmentValue> decode_consumer_group_value(
    std::string_view);
template Result<ConsumerGroupRegularExpressionValue> decode_consumer_group_value(std::string_view);

}  // namespace millrace::wire
