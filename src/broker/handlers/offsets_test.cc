// ListOffsets, OffsetForLeaderEpoch and DeleteRecords.
#include <gtest/gtest.h>

#include "broker/testing/core_fixture.h"
#include "sim/sim_file_system.h"
#include "wire/error_codes.h"
#include "wire/messages/delete_records.h"
#include "wire/messages/list_offsets.h"
#include "wire/messages/offset_for_leader_epoch.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;

class OffsetHandlers : public CoreFixture {
 protected:
  wire::ListOffsetsResponse::ListOffsetsPartitionResponse list(std::int64_t timestamp,
                                                               std::int16_t version = 11,
                                                               std::int32_t epoch = -1,
                                                               std::int32_t partition = 0) {
    wire::ListOffsetsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = "orders";
    auto& wanted = topic.partitions.emplace_back();
    wanted.partition_index = partition;
    wanted.timestamp = timestamp;
    wanted.current_leader_epoch = epoch;
    return call(&handle_list_offsets, std::move(request), version).topics.at(0).partitions.at(0);
  }
};

TEST_F(OffsetHandlers, FindOffsetsByTimeAndByName) {
  make_topic("orders");
  const std::int64_t start = env().clock().wall().value();
  ASSERT_TRUE(append("orders", 0, batch_of({"a", "b", "c"}, {}, Timestamp{start})).ok());
  ASSERT_TRUE(append("orders", 0, batch_of({"d", "e"}, {}, Timestamp{start - 1000})).ok());
  struct Case {
    std::string what;
    std::int64_t asked, offset, timestamp;
  };
  const std::vector<Case> cases{
      {"the end", -1, 5, -1},
      {"the start", -2, 0, -1},
      {"the largest timestamp", -3, 2, start + 2},
      {"the local start", -4, 0, -1},
      {"tiered", -5, -1, -1},
      {"pending upload", -6, -1, -1},
      {"before all", 0, 0, start},
      {"exactly", start + 1, 1, start + 1},
      {"after all", start + 3, -1, -1},
  };
  for (const auto& each : cases) {
    const auto answer = list(each.asked);
    EXPECT_EQ(answer.error_code, 0) << each.what;
    EXPECT_EQ(answer.offset, each.offset) << each.what;
    EXPECT_EQ(answer.timestamp, each.timestamp) << each.what;
  }
}

TEST_F(OffsetHandlers, OfUntimedRecordsTheFirstIsTheNewest) {
  make_topic("orders");
  EXPECT_EQ(list(-3).offset, -1) << "an empty partition has none";
  ASSERT_TRUE(append("orders", 0, batch_of({"a"}, {}, kNoTimestamp)).ok());
  ASSERT_TRUE(append("orders", 0, batch_of({"b"}, {}, kNoTimestamp)).ok());

  const auto answer = list(-3);

  EXPECT_EQ(answer.error_code, 0);
  EXPECT_EQ(answer.offset, 0);
  EXPECT_EQ(answer.timestamp, -1);
  EXPECT_EQ(answer.leader_epoch, 0);
}

TEST_F(OffsetHandlers, RefuseTimestampsThatTheVersionDoesNotKnow) {
  make_topic("orders");
  const std::vector<std::pair<std::int64_t, std::int16_t>> cases{
      {-3, 6}, {-4, 7}, {-5, 8}, {-6, 10}, {-7, 11}};
  for (const auto& [timestamp, version] : cases)
    EXPECT_EQ(list(timestamp, version).error_code,
              static_cast<std::int16_t>(KafkaError::kUnsupportedVersion))
        << timestamp;
}

TEST_F(OffsetHandlers, CheckTopicAndEpoch) {
  make_topic("orders");
  EXPECT_EQ(list(-1, 11, -1, 7).error_code,
            static_cast<std::int16_t>(KafkaError::kUnknownTopicOrPartition));
  EXPECT_EQ(list(-1, 11, 3).error_code, static_cast<std::int16_t>(KafkaError::kUnknownLeaderEpoch));
  EXPECT_EQ(list(-1, 11, -2).error_code, static_cast<std::int16_t>(KafkaError::kFencedLeaderEpoch));
}

TEST_F(OffsetHandlers, RefuseAnIsolationLevelThatIsNone) {
  make_topic("orders");
  for (const int level : {-1, 2}) {
    wire::ListOffsetsRequest request;
    request.replica_id = -1;
    request.isolation_level = static_cast<std::int8_t>(level);
    request.topics.emplace_back().name = "orders";
    request.topics[0].partitions.emplace_back().timestamp = -1;
    const auto response = call(&handle_list_offsets, std::move(request), 11);
    EXPECT_EQ(response.topics.at(0).partitions.at(0).error_code,
              code_of(KafkaError::kUnknownServerError));
  }
}

TEST_F(OffsetHandlers, KnowNoEndOfAnEpochThatIsNone) {
  make_topic("orders");
  ASSERT_TRUE(append("orders", 0, batch_of({"a", "b"})).ok());
  struct Case {
    std::int32_t current, asked;
    KafkaError error;
    std::int32_t epoch;
    std::int64_t end;
  };
  // As Apache Kafka 4.4 answers.
  const std::vector<Case> cases{
      {-1, 0, KafkaError::kNone, 0, 2},
      {-1, 7, KafkaError::kNone, -1, -1},
      {-1, -1, KafkaError::kNone, -1, -1},
      {-1, -5, KafkaError::kNone, -5, 0},
      {9, 0, KafkaError::kUnknownLeaderEpoch, -1, -1},
      {-2, 0, KafkaError::kFencedLeaderEpoch, -1, -1},
  };
  for (const Case& each : cases) {
    wire::OffsetForLeaderEpochRequest request;
    request.topics.emplace_back().topic = "orders";
    auto& wanted = request.topics[0].partitions.emplace_back();
    wanted.current_leader_epoch = each.current;
    wanted.leader_epoch = each.asked;
    const auto answer =
        call(&handle_offset_for_leader_epoch, std::move(request), 4).topics.at(0).partitions.at(0);
    EXPECT_EQ(answer.error_code, code_of(each.error)) << each.current << " " << each.asked;
    EXPECT_EQ(answer.leader_epoch, each.epoch) << each.asked;
    EXPECT_EQ(answer.end_offset, each.end) << each.asked;
  }
}

TEST_F(OffsetHandlers, RefuseAPartitionThatIsAskedForTwiceAndNameItOnce) {
  make_topic("orders", 2);
  wire::ListOffsetsRequest request;
  request.topics.resize(2);
  for (auto& topic : request.topics) {
    topic.name = "orders";
    topic.partitions.emplace_back().timestamp = -1;
  }
  request.topics[1].partitions.emplace_back().timestamp = -1;
  request.topics[1].partitions[1].partition_index = 1;

  const auto response = call(&handle_list_offsets, std::move(request), 11);

  ASSERT_EQ(response.topics.size(), 1U);
  ASSERT_EQ(response.topics[0].partitions.size(), 2U);
  EXPECT_EQ(response.topics[0].partitions[0].error_code, code_of(KafkaError::kInvalidRequest));
  EXPECT_EQ(response.topics[0].partitions[1].error_code, 0);
}

TEST_F(OffsetHandlers, SayInWhichEpochTheFirstRecordOfAnEmptyLogWillBe) {
  make_topic("orders");
  EXPECT_EQ(list(-2).offset, 0);
  EXPECT_EQ(list(-2).leader_epoch, 0);
}

TEST_F(OffsetHandlers, SayNoEpochToVersionsThatCannotCarryOne) {
  make_topic("orders");
  ASSERT_TRUE(append("orders", 0, batch_of({"a"})).ok());
  EXPECT_EQ(list(-1, 3).leader_epoch, -1);
  EXPECT_EQ(list(-1, 4).leader_epoch, 0);
}

TEST_F(OffsetHandlers, SayWhereAnEpochEndsAcrossAnUncleanStop) {
  make_topic("orders");
  ASSERT_TRUE(append("orders", 0, batch_of({"a", "b"})).ok());
  restart_after_kill();
  ASSERT_TRUE(append("orders", 0, batch_of({"c"})).ok());
  const auto ask = [&](std::int32_t epoch) {
    wire::OffsetForLeaderEpochRequest request;
    auto& topic = request.topics.emplace_back();
    topic.topic = "orders";
    topic.partitions.emplace_back().leader_epoch = epoch;
    return call(&handle_offset_for_leader_epoch, std::move(request), 4)
        .topics.at(0)
        .partitions.at(0);
  };

  EXPECT_EQ(ask(0).leader_epoch, 0);
  EXPECT_EQ(ask(0).end_offset, 2);
  EXPECT_EQ(ask(1).leader_epoch, 1);
  EXPECT_EQ(ask(1).end_offset, 3);
  EXPECT_EQ(list(-2).leader_epoch, 0);
  EXPECT_EQ(list(-1).leader_epoch, 1);
}

class DeleteRecords : public OffsetHandlers {
 protected:
  using Results = std::vector<std::pair<std::int32_t, std::int64_t>>;
  static constexpr auto code(KafkaError error) { return static_cast<std::int64_t>(error); }

  /// Where each partition begins then; below zero, the error with its sign turned.
  Results ask(const std::string& topic, const Results& partitions) {
    wire::DeleteRecordsRequest request;
    request.topics.push_back({.name = topic, .partitions = {}});
    for (const auto& [index, offset] : partitions)
      request.topics[0].partitions.push_back({index, offset});
    Results results;
    const auto response = call(&handle_delete_records, std::move(request), 2);
    for (const auto& each : response.topics.at(0).partitions) {
      if (each.error_code != 0) {
        EXPECT_EQ(each.low_watermark, -1);
      }
      results.emplace_back(each.partition_index,
                           each.error_code == 0 ? each.low_watermark : -each.error_code);
    }
    return results;
  }
};

TEST_F(DeleteRecords, MovesTheStartForwardAndSaysWhereItIs) {
  make_topic("orders", 2);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append("orders", 0, batch_of({"a", "b"})).ok());
  struct Case {
    std::string what;
    Results asked, answered;
  };
  const std::int64_t past = -code(KafkaError::kOffsetOutOfRange);
  const std::int64_t missing = -code(KafkaError::kUnknownTopicOrPartition);
  const std::vector<Case> cases{
      {"inside a batch", {{0, 1}}, {{0, 1}}},
      {"back", {{0, 0}}, {{0, 1}}},
      {"past the end", {{0, 7}}, {{0, past}}},
      {"below zero", {{0, -2}}, {{0, past}}},
      {"an empty partition's end", {{1, -1}}, {{1, 0}}},
      {"an empty partition's start", {{1, 0}}, {{1, 0}}},
      {"a partition that is not there", {{5, 0}, {1, 0}}, {{1, 0}, {5, missing}}},
      {"twice: the last one counts", {{0, 99}, {0, 3}}, {{0, 3}}},
      {"all of it", {{0, -1}}, {{0, 6}}},
  };
  for (const auto& each : cases) EXPECT_EQ(ask("orders", each.asked), each.answered) << each.what;
  EXPECT_EQ(list(-2).offset, 6);
  EXPECT_EQ(ask("nowhere", {{0, 0}}), (Results{{0, missing}}));
}

TEST_F(DeleteRecords, RefusesTopicsThatDoNotDelete) {
  make_topic("compacted", 1, {{"cleanup.policy", "compact"}});
  make_topic("both", 1, {{"cleanup.policy", "compact,delete"}});
  make_topic("__consumer_offsets");
  EXPECT_EQ(ask("compacted", {{0, 0}}), (Results{{0, -code(KafkaError::kPolicyViolation)}}));
  EXPECT_EQ(ask("both", {{0, -1}}), (Results{{0, 0}}));
  EXPECT_EQ(ask("__consumer_offsets", {{0, 0}}),
            (Results{{0, -code(KafkaError::kInvalidTopicException)}}));
}

TEST_F(DeleteRecords, ChangesNothingOfATopicThatIsGone) {
  make_topic("orders");
  ASSERT_TRUE(append("orders", 0, batch_of({"a", "b"})).ok());
  const auto before = state().topics.table();  // as a request has it that began earlier
  Partition* const partition = before->find_partition("orders", 0);
  EXPECT_EQ(wire::kafka_error_of(partition->delete_records_before(kNoOffset).error()),
            KafkaError::kOffsetOutOfRange);
  ASSERT_TRUE(state().topics.remove("orders").ok());

  const auto refused = partition->delete_records_before(Offset{1});

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(wire::kafka_error_of(refused.error()), KafkaError::kUnknownTopicOrPartition);
  EXPECT_EQ(partition->log().log_start_offset(), Offset{0});
}
TEST_F(DeleteRecords, OutlivesAKillOnceItIsAnswered) {
  make_topic("orders");
  ASSERT_TRUE(append("orders", 0, batch_of({"a", "b"})).ok());
  EXPECT_EQ(ask("orders", {{0, 1}}), (Results{{0, 1}}));

  restart_after_kill();

  EXPECT_EQ(list(-2).offset, 1);
}

TEST_F(DeleteRecords, IsRefusedWhereItCannotBeWrittenDown) {
  make_topic("orders");
  auto& files = static_cast<sim::SimFileSystem&>(env().files());
  int refusals = 0;
  bool has_tried_all = false;
  for (std::int64_t call = 1; call < 100 && !has_tried_all; ++call) {
    ASSERT_TRUE(append("orders", 0, batch_of({"a"})).ok());
    files.fail_call(static_cast<std::uint64_t>(call), sim::Fault::kIo);
    const auto answer = ask("orders", {{0, call}});
    has_tried_all = !files.fault_hit();
    files.clear_fault();
    if (answer != (Results{{0, call}})) {
      ++refusals;
      continue;
    }
    restart_after_kill();
    EXPECT_EQ(list(-2).offset, call);
  }
  EXPECT_TRUE(has_tried_all);
  EXPECT_GE(refusals, 2) << "the epochs and the checkpoint";
}

TEST_F(DeleteRecords, WakesThoseWhoWaitAndOutlivesAStop) {
  make_topic("orders");
  ASSERT_TRUE(append("orders", 0, batch_of({"a", "b"})).ok());
  int woken = 0;
  state().topics.table()->find_partition("orders", 0)->add_waiter([&] { ++woken; });
  EXPECT_EQ(ask("orders", {{0, 1}}), (Results{{0, 1}}));
  EXPECT_EQ(woken, 1);

  restart_cleanly();

  EXPECT_EQ(list(-2).offset, 1);
}

}  // namespace
}  // namespace millrace::broker
