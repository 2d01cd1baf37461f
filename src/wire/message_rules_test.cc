// What a version allows: fields that it lacks, null, lengths; and what hostile bytes get.
#include <gtest/gtest.h>

#include <string>

#include "base/byte_writer.h"
#include "wire/consumer_group_records.h"
#include "wire/message.h"
#include "wire/messages/delete_groups.h"
#include "wire/messages/describe_topic_partitions.h"
#include "wire/messages/fetch.h"
#include "wire/messages/find_coordinator.h"
#include "wire/messages/join_group.h"
#include "wire/messages/metadata.h"
#include "wire/messages/offset_fetch.h"
#include "wire/messages/produce.h"
#include "wire/testing/hex.h"

namespace millrace::wire {
namespace {

template <class M>
Status written(const M& message, std::int16_t version) {
  Buffer out;
  return Codec<M>::encode(message, version, out);
}

template <class M>
Result<M> read(std::string_view hex, std::int16_t version) {
  const std::string bytes = bytes_of_hex(hex);
  ByteReader reader(bytes);
  return Codec<M>::decode(reader, version);
}

TEST(MessageRules, DropsAnIgnorableValueThatTheVersionLacks) {
  JoinGroupRequest request;
  request.reason = "because";

  EXPECT_TRUE(written(request, 8).ok());
  EXPECT_TRUE(written(request, 7).ok());
}

TEST(MessageRules, RefusesAValueThatTheVersionWouldLose) {
  MetadataRequest request;
  request.include_topic_authorized_operations = true;

  const Status status = written(request, 7);

  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(status.error().message,
            "MetadataRequest v7: include_topic_authorized_operations is set, and this version "
            "cannot carry it");
}

TEST(MessageRules, WritesNullOnlyWhereTheVersionHasIt) {
  MetadataRequest all_topics;
  all_topics.topics = std::nullopt;

  EXPECT_TRUE(written(all_topics, 1).ok());
  const Status status = written(all_topics, 0);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
}

TEST(MessageRules, ReadsNullOnlyWhereTheVersionHasIt) {
  const Result<MetadataRequest> all_topics = read<MetadataRequest>("ffffffff", 1);
  ASSERT_TRUE(all_topics.ok());
  EXPECT_FALSE(all_topics->topics.has_value());

  const Result<MetadataRequest> refused = read<MetadataRequest>("ffffffff", 0);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(refused.error().message,
            "MetadataRequest v0, topics: null where this version does not allow it before byte 4");
}

TEST(MessageRules, TellsNullFromEmpty) {
  const Result<OffsetFetchRequest> none = read<OffsetFetchRequest>(
      "000167"
      "00000000",
      2);
  const Result<OffsetFetchRequest> all = read<OffsetFetchRequest>(
      "000167"
      "ffffffff",
      2);

  ASSERT_TRUE(none.ok());
  ASSERT_TRUE(all.ok());
  ASSERT_TRUE(none->topics.has_value());
  EXPECT_TRUE(none->topics->empty());
  EXPECT_FALSE(all->topics.has_value());
}

TEST(MessageRules, RefusesAStringLongerThanTheProtocolAllows) {
  FindCoordinatorRequest request;
  request.key = std::string(32768, 'x');

  const Status status = written(request, 3);

  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kTooLarge);
}

TEST(MessageRules, RefusesExternalRecordsInARequest) {
  ProduceRequest request;
  request.topic_data.resize(1);
  request.topic_data[0].partition_data.resize(1);
  request.topic_data[0].partition_data[0].records = Records::external(100);

  EXPECT_FALSE(written(request, 9).ok());
}

TEST(MessageRules, RefusesAnArrayThatCannotFitBeforeItTakesMemory) {
  // Two thousand million topics, in four bytes; then the same in compact form.
  const auto old_form = read<MetadataRequest>(
      "7fffffff"
      "00",
      4);
  const auto compact = read<MetadataRequest>(
      "ffffffff0f"
      "00",
      9);

  ASSERT_FALSE(old_form.ok());
  EXPECT_EQ(old_form.error().message,
            "MetadataRequest v4, topics: array longer than the bytes that are left before byte 4");
  ASSERT_FALSE(compact.ok());
  EXPECT_EQ(compact.error().code, ErrorCode::kCorrupt);
}

TEST(MessageRules, RefusesMoreElementsThanKafkaDoes) {
  // DeleteGroups v2 with names of no length, each in one byte, and no tagged fields.
  const auto read_names = [](std::uint32_t count) {
    Buffer bytes;
    ByteWriter(bytes).uvarint(count + 1);
    ByteWriter(bytes).bytes(std::string(count, '\x01'));
    ByteWriter(bytes).bytes(std::string(1, '\0'));
    ByteReader reader(bytes.view());
    return Codec<DeleteGroupsRequest>::decode(reader, 2);
  };

  const auto most = read_names(1'000'000);
  const auto too_many = read_names(1'000'001);

  ASSERT_TRUE(most.ok()) << most.error().to_string();
  EXPECT_EQ(most->groups_names.size(), 1'000'000U);
  ASSERT_FALSE(too_many.ok());
  EXPECT_EQ(too_many.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(too_many.error().message.find("array of more than 1000000 elements"), std::string::npos)
      << too_many.error().message;
}

TEST(MessageRules, RefusesMoreTaggedFieldsThanKafkaDoes) {
  // An empty DeleteGroups v2 whose tagged fields, all unknown, take two bytes each.
  const auto read_tags = [](std::uint32_t count) {
    Buffer bytes;
    ByteWriter(bytes).uvarint(1);
    ByteWriter(bytes).uvarint(count);
    for (std::uint32_t i = 0; i < count; ++i) ByteWriter(bytes).bytes(std::string("\x7f\0", 2));
    ByteReader reader(bytes.view());
    return Codec<DeleteGroupsRequest>::decode(reader, 2);
  };

  EXPECT_TRUE(read_tags(10'000).ok());
  const auto too_many = read_tags(10'001);
  ASSERT_FALSE(too_many.ok());
  EXPECT_EQ(too_many.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(too_many.error().message.find("more than 10000 tagged fields"), std::string::npos)
      << too_many.error().message;
}

TEST(MessageRules, SaysInOneByteWhetherAStructureIsThere) {
  DescribeTopicPartitionsRequest request;
  Buffer without;
  ASSERT_TRUE(Codec<DescribeTopicPartitionsRequest>::encode(request, 0, without).ok());
  request.cursor = {"t", 3};
  Buffer with;
  ASSERT_TRUE(Codec<DescribeTopicPartitionsRequest>::encode(request, 0, with).ok());

  EXPECT_EQ(hex_of_bytes(without.view()),
            "01"
            "000007d0"
            "ff"
            "00");
  EXPECT_EQ(hex_of_bytes(with.view()),
            "01"
            "000007d0"
            "01"
            "0274"
            "00000003"
            "00"
            "00");
  const auto any_negative = read<DescribeTopicPartitionsRequest>(
      "01"
      "000007d0"
      "80"
      "00",
      0);
  ASSERT_TRUE(any_negative.ok());
  EXPECT_FALSE(any_negative->cursor.has_value());
}

TEST(MessageRules, SaysInAVarintWhetherATaggedStructureIsThere) {
  const auto tagged_part = [](const ConsumerGroupMemberMetadataValue& value) {
    Buffer out;
    EXPECT_TRUE(Codec<ConsumerGroupMemberMetadataValue>::encode(value, 0, out).ok());
    return hex_of_bytes(out.view().substr(10));  // behind five empty things and the time-out
  };
  ConsumerGroupMemberMetadataValue value;

  EXPECT_EQ(tagged_part(value), "0100") << "an empty structure is the default";
  value.classic_member_metadata = std::nullopt;
  EXPECT_EQ(tagged_part(value), "0101000100");
  value.classic_member_metadata.emplace().session_timeout_ms = 258;
  EXPECT_EQ(tagged_part(value), "0101000701000001020100");
}

TEST(MessageRules, NamesTheFieldThatIsCutShort) {
  // One topic with one partition, whose records claim 100 bytes and bring one.
  const auto result = read<ProduceRequest>(
      "ffff"
      "0001"
      "00000001"
      "00000001"
      "000174"
      "00000001"
      "00000000"
      "00000064"
      "00",
      3);

  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kTruncated);
  EXPECT_NE(result.error().message.find("ProduceRequest v3, records"), std::string::npos)
      << result.error().message;
}

TEST(MessageRules, RefusesATaggedFieldWhoseSizeIsWrong) {
  // FetchRequest v12: cluster_id (tag 0) as the compact string "ab", in 3 bytes; 2 and 4 are lies.
  const std::string head =
      "ffffffff"
      "00000000"
      "00000001"
      "00000000"
      "00"
      "00000000"
      "ffffffff"
      "01"
      "01"
      "01"
      "01"
      "00";

  EXPECT_TRUE(read<FetchRequest>(head + "03"
                                        "036162",
                                 12)
                  .ok());
  EXPECT_FALSE(read<FetchRequest>(head + "02"
                                         "036162",
                                  12)
                   .ok());
  EXPECT_FALSE(read<FetchRequest>(head + "04"
                                         "03616200",
                                  12)
                   .ok());
}

TEST(MessageRules, LeavesOutATaggedFieldThatHasItsDefault) {
  FetchResponse response;
  const std::size_t without = Codec<FetchResponse>::size(response, 16);
  response.node_endpoints.resize(1);

  EXPECT_GT(Codec<FetchResponse>::size(response, 16), without);
  EXPECT_EQ(Codec<FetchResponse>::size(response, 15), Codec<FetchResponse>::size({}, 15));
}

TEST(MessageRules, DumpsTextThatIsNotUtf8AsEscapes) {
  FindCoordinatorRequest request;
  request.key = "z\xc3\xbc \xff \xc3 \xed\xa0\x80 \"\n";

  EXPECT_EQ(Codec<FindCoordinatorRequest>::to_json(request, 0),
            "{\"key\":\"z\xc3\xbc \\u00ff \\u00c3 \\u00ed\\u00a0\\u0080 \\\"\\u000a\"}");
}

}  // namespace
}  // namespace millrace::wire
