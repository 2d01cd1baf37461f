// Bytes that carry their own version: the consumer protocol, the logs of the coordinators, control
// records, the metadata log.
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "wire/consumer_protocol.h"
#include "wire/group_records.h"
#include "wire/metadata_records.h"
#include "wire/testing/hex.h"
#include "wire/transaction_records.h"

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
      decode_group_key(bytes_of_hex("000b"
                                    "000167"));

  ASSERT_TRUE(commit.ok() && group.ok() && other.ok());
  EXPECT_EQ(std::get<OffsetCommitKey>(*commit), (OffsetCommitKey{"g", "t", 3}));
  EXPECT_EQ(std::get<GroupMetadataKey>(*group), GroupMetadataKey{"g"});
  EXPECT_EQ(std::get<UnknownGroupKey>(*other).version, 11);
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

template <class Key>
void expect_key(const Key& key, std::string_view hex) {
  const Result<std::string> bytes = encode_consumer_group_record(key);
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(hex_of_bytes(*bytes), hex);
  const auto back = decode_group_key(*bytes);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(std::get<Key>(*back), key);
}

TEST(ConsumerGroupRecords, HaveAKindOfTheirOwnInEachKey) {
  expect_key(ConsumerGroupMetadataKey{"g"}, "0003000167");
  expect_key(ConsumerGroupPartitionMetadataKey{"g"}, "0004000167");
  expect_key(ConsumerGroupMemberMetadataKey{"g", "m"}, "000500016700016d");
  expect_key(ConsumerGroupTargetAssignmentMetadataKey{"g"}, "0006000167");
  expect_key(ConsumerGroupTargetAssignmentMemberKey{"g", "m"}, "000700016700016d");
  expect_key(ConsumerGroupCurrentMemberAssignmentKey{"g", "m"}, "000800016700016d");
  expect_key(ConsumerGroupRegularExpressionKey{"g", "a.*"}, "00100001670003612e2a");
}

TEST(ConsumerGroupRecords, ReadBackAMemberAndRefuseANewerVersion) {
  ConsumerGroupMemberMetadataValue value;
  value.client_id = "c";
  value.subscribed_topic_names = {"a", "b"};
  value.classic_member_metadata = std::nullopt;
  std::string bytes = *encode_consumer_group_record(value);

  const auto back = decode_consumer_group_value<ConsumerGroupMemberMetadataValue>(bytes);
  bytes[1] = 1;
  const auto newer = decode_consumer_group_value<ConsumerGroupMemberMetadataValue>(bytes);

  ASSERT_TRUE(back.ok()) << back.error().to_string();
  EXPECT_EQ(*back, value);
  ASSERT_FALSE(newer.ok());
  EXPECT_EQ(newer.error().code, ErrorCode::kUnsupported);
}

TEST(TransactionRecords, AreWrittenForBothGenerations) {
  TransactionLogValue value;
  value.producer_id = 7;
  value.producer_epoch = 2;
  value.transaction_timeout_ms = 60000;
  value.transaction_status = static_cast<std::int8_t>(TransactionState::kOngoing);
  value.transaction_partitions = {{{"t", {3}}}};
  value.transaction_last_update_timestamp_ms = 5;
  value.transaction_start_timestamp_ms = 4;

  EXPECT_EQ(hex_of_bytes(*encode_transaction_record(TransactionLogKey{"x"})), "0000000178");
  EXPECT_EQ(hex_of_bytes(*encode_transaction_record(value, 0)),
            "0000"
            "0000000000000007"
            "0002"
            "0000ea60"
            "01"
            "00000001"
            "000174"
            "00000001"
            "00000003"
            "0000000000000005"
            "0000000000000004");
  value.previous_producer_id = 6;
  value.client_transaction_version = 2;
  const std::string bytes = *encode_transaction_record(value, 1);
  EXPECT_EQ(hex_of_bytes(bytes),
            "0001"
            "0000000000000007"
            "0002"
            "0000ea60"
            "01"
            "02"
            "0274"
            "02"
            "00000003"
            "00"
            "0000000000000005"
            "0000000000000004"
            "02"
            "00080000000000000006"
            "02020002");
  EXPECT_EQ(*decode_transaction_value(bytes), value);
  EXPECT_EQ(
      decode_transaction_key(*encode_transaction_record(TransactionLogKey{"x"}))->transactional_id,
      "x");
  EXPECT_FALSE(encode_transaction_record(value, 0).ok()) << "v0 cannot say what v1 says";
}

TEST(TransactionRecords, EndATransactionInAControlRecord) {
  EXPECT_EQ(hex_of_bytes(*encode_control_record(ControlRecordKey{kCommitMarkerType})), "00000001");
  EXPECT_EQ(hex_of_bytes(*encode_control_record(EndTxnMarker{9})), "000000000009");
  const auto key = decode_control_key(bytes_of_hex("00000000"));
  const auto newer =
      decode_end_txn_marker(bytes_of_hex("0001"
                                         "00000009"
                                         "ffff"));

  ASSERT_TRUE(key.ok() && newer.ok());
  EXPECT_EQ(key->type, kAbortMarkerType);
  EXPECT_EQ(newer->coordinator_epoch, 9);
  EXPECT_FALSE(decode_end_txn_marker(bytes_of_hex("0000")).ok());
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
  EXPECT_EQ(hex_of_bytes(*encode_metadata_record(FeatureLevelRecord{"f", 2})),
            "01"
            "0c"
            "00"
            "0266"
            "0002"
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
                                            FeatureLevelRecord{"f", 2},
                                            ClientQuotaRecord{{{"user", std::nullopt}}, "k", 1.5},
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
