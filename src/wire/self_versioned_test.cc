// Bytes that carry their own version: the consumer protocol, __consumer_offsets, the metadata log.
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "wire/consumer_protocol.h"
#include "wire/group_records.h"
#include "wire/metadata_records.h"
#include "wire/testing/hex.h"

namespace millrace::wire {
namespace {

TEST(ConsumerProtocol, WritesAndReadsASubscription) {
  ConsumerProtocolSubscription subscription;
  subscription.topics = {"a", "b"};
  subscription.owned_partitions = {{"a", {0, 2}}};
  subscription.generation_id = 3;

  const Result<std::string> bytes = encode_subscription(subscription, 2);

  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(hex_of_bytes(*bytes),
            "0002"
            "00000002"
            "000161"
            "000162"
            "ffffffff"
            "00000001"
            "000161"
            "00000002"
            "00000000"
            "00000002"
            "00000003");
  const auto back = decode_subscription(*bytes);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, subscription);
}

TEST(ConsumerProtocol, ReadsANewerVersionAsTheNewestItKnows) {
  const std::string bytes = bytes_of_hex(
      "0009"
      "00000001"
      "000161"
      "ffffffff"
      "00000000"
      "00000005"
      "ffff"
      "abcdef");

  const auto subscription = decode_subscription(bytes);

  ASSERT_TRUE(subscription.ok());
  EXPECT_EQ(subscription->generation_id, 5);
}

TEST(ConsumerProtocol, TakesEmptyBytesForAnEmptyAssignment) {
  const auto assignment = decode_assignment("");

  ASSERT_TRUE(assignment.ok());
  EXPECT_TRUE(assignment->assigned_partitions.empty());
  EXPECT_FALSE(decode_subscription("").ok());
  EXPECT_FALSE(decode_assignment(bytes_of_hex("ffff")).ok());
}

TEST(GroupRecords, AreTheBytesOfKafka) {
  OffsetCommitValue value;
  value.offset = 42;
  value.leader_epoch = 1;
  value.metadata = "m";
  value.commit_timestamp = 1000;

  EXPECT_EQ(hex_of_bytes(*encode_group_record(OffsetCommitKey{"g", "t", 3})),
            "0001"
            "000167"
            "000174"
            "00000003");
  EXPECT_EQ(hex_of_bytes(*encode_group_record(value)),
            "0003"
            "000000000000002a"
            "00000001"
            "00016d"
            "00000000000003e8");
  EXPECT_EQ(hex_of_bytes(*encode_group_record(GroupMetadataKey{"g"})),
            "0002"
            "000167");
}

TEST(GroupRecords, AreToldApartByTheVersionOfTheKey) {
  const auto commit = decode_group_key(*encode_group_record(OffsetCommitKey{"g", "t", 3}));
  const auto group = decode_group_key(*encode_group_record(GroupMetadataKey{"g"}));
  const auto other =
      decode_group_key(bytes_of_hex("0003"
                                    "0167"));

  ASSERT_TRUE(commit.ok() && group.ok() && other.ok());
  EXPECT_EQ(std::get<OffsetCommitKey>(*commit), (OffsetCommitKey{"g", "t", 3}));
  EXPECT_EQ(std::get<GroupMetadataKey>(*group), GroupMetadataKey{"g"});
  EXPECT_EQ(std::get<UnknownGroupKey>(*other).version, 3);
  EXPECT_FALSE(decode_group_key(bytes_of_hex("0001"
                                             "000167"
                                             "00"))
                   .ok());
}

TEST(GroupRecords, ReadBackAGroup) {
  GroupMetadataValue value;
  value.protocol_type = "consumer";
  value.generation = 4;
  value.protocol = "range";
  value.leader = std::nullopt;
  value.current_state_timestamp = 99;
  value.members.resize(2);
  value.members[1].member_id = "m-1";
  value.members[1].group_instance_id = "i-1";
  value.members[1].assignment = std::string("\x00\x01", 2);

  const auto back = decode_group_metadata_value(*encode_group_record(value));

  ASSERT_TRUE(back.ok()) << back.error().to_string();
  EXPECT_EQ(*back, value);
}

TEST(MetadataRecords, AreFramedAsKafkaFramesThem) {
  Uuid id;
  id.bytes[15] = 7;

  EXPECT_EQ(hex_of_bytes(*encode_metadata_record(TopicRecord{"t", id})),
            "01"
            "02"
            "00"
            "0274"
            "00000000000000000000000000000007"
            "00");
  EXPECT_EQ(hex_of_bytes(*encode_metadata_record(ProducerIdsRecord{1, -1, 1000})),
            "01"
            "0f"
            "00"
            "00000001"
            "ffffffffffffffff"
            "00000000000003e8"
            "00");
}

TEST(MetadataRecords, ReadBackEveryKind) {
  PartitionRecord partition;
  partition.partition_id = 2;
  partition.replicas = {1};
  partition.isr = {1};
  partition.leader = 1;
  PartitionRecord with_directory = partition;
  with_directory.directories.resize(1);
  const std::vector<MetadataRecord> records{TopicRecord{"t", Uuid{}},
                                            partition,
                                            with_directory,
                                            ConfigRecord{2, "t", "k", "v"},
                                            ConfigRecord{2, "t", "k", std::nullopt},
                                            RemoveTopicRecord{Uuid{}},
                                            ProducerIdsRecord{1, 2, 3}};

  for (const MetadataRecord& record : records) {
    const Result<std::string> bytes = encode_metadata_record(record);
    ASSERT_TRUE(bytes.ok());
    const Result<MetadataRecord> back = decode_metadata_record(*bytes);
    ASSERT_TRUE(back.ok()) << back.error().to_string();
    EXPECT_TRUE(*back == record);
    for (std::size_t size = 0; size < bytes->size(); ++size) {
      EXPECT_FALSE(decode_metadata_record(std::string_view(*bytes).substr(0, size)).ok());
    }
  }
}

TEST(MetadataRecords, KeepTheTypeOfWhatANewerBuildWrote) {
  const auto type =
      decode_metadata_record(bytes_of_hex("01"
                                          "7f"
                                          "00"
                                          "0000"));
  const auto version =
      decode_metadata_record(bytes_of_hex("01"
                                          "02"
                                          "05"
                                          "0000"));

  ASSERT_TRUE(type.ok() && version.ok());
  EXPECT_TRUE(*type == MetadataRecord(UnknownMetadataRecord{127, 0}));
  EXPECT_TRUE(*version == MetadataRecord(UnknownMetadataRecord{2, 5}));
  EXPECT_FALSE(decode_metadata_record(bytes_of_hex("02"
                                                   "02"
                                                   "00"
                                                   "0000"))
                   .ok());
  EXPECT_FALSE(encode_metadata_record(UnknownMetadataRecord{}).ok());
}

}  // namespace
}  // namespace millrace::wire
