#include "broker/fetching/fetch_session_cache.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace millrace::broker {
namespace {

using wire::FetchRequest;
using wire::FetchResponse;
using wire::KafkaError;
using Kind = SessionFetch::Kind;

constexpr Millis kAge{120'000};

class CachedFetchSessions : public ::testing::Test {
 protected:
  /// A partition of topic "t", with its next offset.
  struct Asked {
    std::int32_t partition;
    std::int64_t offset = 0;
  };
  using Partitions = std::vector<std::int32_t>;

  static FetchRequest request(std::int32_t id, std::int32_t epoch,
                              const std::vector<Asked>& asked = {}) {
    FetchRequest request;
    request.session_id = id;
    request.session_epoch = epoch;
    for (const Asked& each : asked) {
      if (request.topics.empty()) request.topics.emplace_back().topic = "t";
      auto& partition = request.topics.back().partitions.emplace_back();
      partition.partition = each.partition;
      partition.fetch_offset = each.offset;
    }
    return request;
  }
  static FetchRequest forgetting(FetchRequest request, const Partitions& partitions) {
    auto& topic = request.forgotten_topics_data.emplace_back();
    topic.topic = "t";
    topic.partitions = partitions;
    return request;
  }

  /// What a log has of a partition.
  struct Log {
    std::int64_t end = 0;
    std::int64_t start = 0;
    std::int64_t record_bytes = 0;
    KafkaError error = KafkaError::kNone;
  };
  FetchResponse answer_to(const FetchRequest& request) {
    FetchResponse response;
    for (const auto& topic : request.topics) {
      auto& answer = response.responses.emplace_back();
      answer.topic = topic.topic;
      answer.topic_id = topic.topic_id;
      for (const auto& wanted : topic.partitions) {
        const Log& log = logs_[wanted.partition];
        auto& data = answer.partitions.emplace_back();
        data.partition_index = wanted.partition;
        data.error_code = code_of(log.error);
        data.high_watermark = log.error == KafkaError::kNone ? log.end : -1;
        data.log_start_offset = log.error == KafkaError::kNone ? log.start : -1;
        if (log.record_bytes > 0)
          data.records = wire::Records::external(static_cast<std::uint64_t>(log.record_bytes));
      }
    }
    return response;
  }

  /// One fetch from begin to end.
  struct Fetched {
    KafkaError error;
    FetchRequest read;
    FetchResponse response;
  };
  Fetched fetch(FetchRequest request, NamedBy by = NamedBy::kName) {
    auto begun = cache_.begin(request, by, now_);
    if (begun.error != KafkaError::kNone) return {begun.error, {}, {}};
    auto response = answer_to(request);
    cache_.finish(std::move(begun), response, now_);
    const auto error = static_cast<KafkaError>(response.error_code);
    return {error, std::move(request), std::move(response)};
  }
  std::int32_t new_session(const std::vector<Asked>& asked) {
    return fetch(request(0, 0, asked)).response.session_id;
  }
  std::int32_t replica_session(const std::vector<Asked>& asked) {
    auto of_replica = request(0, 0, asked);
    of_replica.replica_id = 2;
    return fetch(std::move(of_replica)).response.session_id;
  }
  bool is_there(std::int32_t id) {
    return fetch(request(id, 77)).error == KafkaError::kInvalidFetchSessionEpoch;
  }

  static Partitions read_of(const Fetched& fetched) {
    Partitions partitions;
    for (const auto& topic : fetched.read.topics) {
      for (const auto& each : topic.partitions) partitions.push_back(each.partition);
    }
    return partitions;
  }
  static Partitions told_of(const Fetched& fetched) {
    Partitions partitions;
    for (const auto& topic : fetched.response.responses) {
      for (const auto& each : topic.partitions) partitions.push_back(each.partition_index);
    }
    return partitions;
  }

  std::map<std::int32_t, Log> logs_;
  MonotonicTime now_{std::chrono::hours(1)};
  FetchSessionCache cache_{{.sessions_max = 2, .partitions_max = 100, .eviction_age = kAge},
                           Random(1)};
};

TEST_F(CachedFetchSessions, AFullFetchIsAnsweredInFullAndBeginsASession) {
  const auto full = fetch(request(0, 0, {{0}, {1}}));
  EXPECT_GT(full.response.session_id, 0);
  EXPECT_EQ(told_of(full), (Partitions{0, 1}));
}

TEST_F(CachedFetchSessions, OnlyTheFirstOfAnEpochIsServed) {
  const auto id = new_session({{0}});
  EXPECT_EQ(fetch(request(id, 1)).error, KafkaError::kNone);
  EXPECT_EQ(fetch(request(id, 1)).error, KafkaError::kInvalidFetchSessionEpoch);
  EXPECT_EQ(fetch(request(id, 3)).error, KafkaError::kInvalidFetchSessionEpoch);
  EXPECT_EQ(fetch(request(id, 2)).error, KafkaError::kNone);
}

TEST_F(CachedFetchSessions, AnUnknownSessionIsNotFound) {
  EXPECT_EQ(fetch(request(9, 1)).error, KafkaError::kFetchSessionIdNotFound);
  EXPECT_EQ(fetch(request(0, 1)).error, KafkaError::kFetchSessionIdNotFound);
  EXPECT_EQ(fetch(request(INT32_MAX, INT32_MIN)).error, KafkaError::kFetchSessionIdNotFound);
}

TEST_F(CachedFetchSessions, ReadsWhatWasAskedBeforeAndTellsOnlyWhatHasMoved) {
  const auto id = new_session({{0}, {1}, {2}, {3}});
  logs_[1].end = 5;
  logs_[2].start = 3;
  const auto next = fetch(request(id, 1));
  EXPECT_EQ(read_of(next), (Partitions{0, 1, 2, 3}));
  EXPECT_EQ(told_of(next), (Partitions{1, 2}));
  EXPECT_EQ(next.response.session_id, id);
  EXPECT_TRUE(fetch(request(id, 2)).response.responses.empty());
}

TEST_F(CachedFetchSessions, TakesNewTermsOfAPartition) {
  const auto id = new_session({{0}, {1}});
  const auto next = fetch(request(id, 1, {{1, 40}}));
  EXPECT_EQ(read_of(next), (Partitions{0, 1}));
  EXPECT_EQ(next.read.topics[0].partitions[1].fetch_offset, 40);
  EXPECT_EQ(fetch(request(id, 2)).read.topics[0].partitions[1].fetch_offset, 40);
}

TEST_F(CachedFetchSessions, TellsOfANewPartitionAtOnce) {
  const auto id = new_session({{0}});
  const auto next = fetch(request(id, 1, {{4}}));
  EXPECT_EQ(read_of(next), (Partitions{0, 4}));
  EXPECT_EQ(told_of(next), (Partitions{4}));
}

TEST_F(CachedFetchSessions, LeavesOutWhatIsForgotten) {
  const auto id = new_session({{0}, {1}, {2}});
  EXPECT_EQ(read_of(fetch(forgetting(request(id, 1), {1, 7}))), (Partitions{0, 2}));
  EXPECT_EQ(cache_.partition_count(), 2U);
}

TEST_F(CachedFetchSessions, EndsWithItsLastPartition) {
  const auto id = new_session({{0}});
  const auto last = fetch(forgetting(request(id, 1), {0}));
  EXPECT_EQ(last.error, KafkaError::kNone);
  EXPECT_EQ(last.response.session_id, 0);
  EXPECT_EQ(cache_.session_count(), 0U);
}

TEST_F(CachedFetchSessions, TheFinalEpochEndsASessionAndReadsOnceMore) {
  const auto id = new_session({{0}});
  const auto last = fetch(request(id, -1, {{5}}));
  EXPECT_EQ(told_of(last), (Partitions{5}));
  EXPECT_EQ(last.response.session_id, 0);
  EXPECT_FALSE(is_there(id));
}

TEST_F(CachedFetchSessions, AFullFetchReplacesTheSessionItNames) {
  const auto id = new_session({{0}});
  const auto full = fetch(request(id, 0, {{5}}));
  EXPECT_NE(full.response.session_id, id);
  EXPECT_FALSE(is_there(id));
  EXPECT_EQ(cache_.session_count(), 1U);
}

TEST_F(CachedFetchSessions, ReadsAPartitionThatIsNamedTwiceOnceInItsLastTerms) {
  const auto fetched = fetch(request(0, -1, {{0, 1}, {1, 2}, {0, 3}}));
  EXPECT_EQ(read_of(fetched), (Partitions{0, 1}));
  EXPECT_EQ(fetched.read.topics[0].partitions[0].fetch_offset, 3);
}

TEST_F(CachedFetchSessions, WhatGaveRecordsGoesBehindTheOthers) {
  const auto id = new_session({{0}, {1}, {2}});
  logs_[0] = {.end = 9, .record_bytes = 100};
  EXPECT_EQ(told_of(fetch(request(id, 1))), (Partitions{0}));
  EXPECT_EQ(read_of(fetch(request(id, 2))), (Partitions{1, 2, 0}));
}

TEST_F(CachedFetchSessions, TellsOfAnErrorUntilItIsOverAndThenOfThePartition) {
  const auto id = new_session({{0}, {1}});
  logs_[1].error = KafkaError::kUnknownTopicOrPartition;
  EXPECT_EQ(told_of(fetch(request(id, 1))), (Partitions{1}));
  EXPECT_EQ(told_of(fetch(request(id, 2))), (Partitions{1}));
  logs_[1] = {};
  EXPECT_EQ(told_of(fetch(request(id, 3))), (Partitions{1}));
  EXPECT_TRUE(fetch(request(id, 4)).response.responses.empty());
}

TEST_F(CachedFetchSessions, AreEitherByNameOrById) {
  const auto by_name = new_session({{0}});
  EXPECT_EQ(fetch(request(by_name, 1), NamedBy::kId).error, KafkaError::kFetchSessionTopicIdError);
  const auto by_id = fetch(request(0, 0, {{0}}), NamedBy::kId).response.session_id;
  EXPECT_EQ(fetch(request(by_id, 1)).error, KafkaError::kFetchSessionTopicIdError);
  EXPECT_EQ(fetch(request(by_id, 1), NamedBy::kId).error, KafkaError::kNone);
}

TEST_F(CachedFetchSessions, ByIdTellATopicFromTheOneThatTookItsName) {
  auto first = request(0, 0, {{0}});
  first.topics[0].topic_id.bytes[0] = 1;
  const auto id = fetch(std::move(first), NamedBy::kId).response.session_id;
  auto second = request(id, 1, {{0}});
  second.topics[0].topic_id.bytes[0] = 2;
  const auto both = fetch(std::move(second), NamedBy::kId);
  ASSERT_EQ(both.read.topics.size(), 2U);
  EXPECT_EQ(both.read.topics[0].topic_id.bytes[0], 1);
  EXPECT_EQ(both.read.topics[1].topic_id.bytes[0], 2);

  auto forgets = request(id, 2);
  forgets.forgotten_topics_data.emplace_back().topic_id.bytes[0] = 1;
  forgets.forgotten_topics_data[0].partitions = {0};
  const auto rest = fetch(std::move(forgets), NamedBy::kId);
  ASSERT_EQ(rest.read.topics.size(), 1U);
  EXPECT_EQ(rest.read.topics[0].topic_id.bytes[0], 2);
}

TEST_F(CachedFetchSessions, KeepsTheNameUnderWhichATopicWasKnown) {
  auto unnamed = request(0, 0, {{0}});
  unnamed.topics[0].topic.clear();
  unnamed.topics[0].topic_id.bytes[0] = 1;
  const auto id = fetch(unnamed, NamedBy::kId).response.session_id;
  auto named = unnamed;
  named.session_id = id;
  named.session_epoch = 1;
  named.topics[0].topic = "t";
  EXPECT_EQ(fetch(named, NamedBy::kId).read.topics[0].topic, "t");
  unnamed.session_id = id;
  unnamed.session_epoch = 2;
  EXPECT_EQ(fetch(unnamed, NamedBy::kId).read.topics[0].topic, "t");
}

TEST_F(CachedFetchSessions, AnAnswerThatAnotherFetchOvertookGivesNothing) {
  const auto id = new_session({{0}});
  logs_[0] = {.end = 1, .record_bytes = 10};
  auto slow = request(id, 1);
  auto begun = cache_.begin(slow, NamedBy::kName, now_);
  EXPECT_EQ(fetch(request(id, 2)).error, KafkaError::kNone);

  auto late = answer_to(slow);
  cache_.finish(std::move(begun), late, now_);
  EXPECT_EQ(late.error_code, code_of(KafkaError::kInvalidFetchSessionEpoch));
  EXPECT_EQ(late.session_id, id);
  EXPECT_TRUE(late.responses.empty());
}

TEST_F(CachedFetchSessions, AnAnswerWhoseSessionIsGoneGivesNothing) {
  const auto id = new_session({{0}});
  auto slow = request(id, 1);
  auto begun = cache_.begin(slow, NamedBy::kName, now_);
  (void)fetch(request(id, -1));
  auto late = answer_to(slow);
  cache_.finish(std::move(begun), late, now_);
  EXPECT_EQ(late.error_code, code_of(KafkaError::kInvalidFetchSessionEpoch));
}

TEST_F(CachedFetchSessions, WithoutRoomAnAnswerSaysThatThereIsNoSession) {
  const auto first = new_session({{0}});
  const auto second = new_session({{0}});
  const auto third = fetch(request(0, 0, {{0}, {1}, {2}}));
  EXPECT_EQ(third.response.session_id, 0);
  EXPECT_EQ(told_of(third), (Partitions{0, 1, 2}));
  EXPECT_TRUE(is_there(first));
  EXPECT_TRUE(is_there(second));
}

TEST_F(CachedFetchSessions, OneThatIsNotUsedMakesRoom) {
  const auto unused = new_session({{0}, {1}, {2}});
  const auto used = new_session({{0}});
  now_ = now_ + kAge;
  (void)fetch(request(used, 1));
  EXPECT_EQ(new_session({{0}}), 0) << "it was unused for exactly the age, and not longer";
  now_ = now_ + Millis{1};
  EXPECT_GT(new_session({{0}}), 0);
  EXPECT_FALSE(is_there(unused));
  EXPECT_TRUE(is_there(used));
}

TEST_F(CachedFetchSessions, ASmallOldOneMakesRoomForALargerOneAndNotForASmaller) {
  const auto large = new_session({{0}, {1}, {2}});
  const auto small = new_session({{0}, {1}});
  now_ = now_ + kAge;
  (void)fetch(request(large, 1));
  (void)fetch(request(small, 1));
  now_ = now_ + Millis{1};
  (void)fetch(request(large, 2));
  (void)fetch(request(small, 2));
  EXPECT_EQ(new_session({{0}}), 0);
  EXPECT_GT(new_session({{0}, {1}, {2}, {3}}), 0);
  EXPECT_FALSE(is_there(small));
  EXPECT_TRUE(is_there(large));
}

TEST_F(CachedFetchSessions, YoungConsumersMakeRoomForReplicasAndNotTheReverse) {
  const auto consumer = new_session({{0}, {1}});
  const auto replica = replica_session({{0}});
  EXPECT_EQ(new_session({{0}, {1}, {2}}), 0);
  EXPECT_GT(replica_session({{0}}), 0);
  EXPECT_FALSE(is_there(consumer));
  EXPECT_TRUE(is_there(replica));
}

TEST_F(CachedFetchSessions, ThereIsNoneThatWouldHoldMoreThanAllMay) {
  std::vector<Asked> many;
  for (std::int32_t partition = 0; partition <= 100; ++partition) many.push_back({partition});
  EXPECT_EQ(new_session(many), 0);
  many.pop_back();
  EXPECT_GT(new_session(many), 0);
}

TEST_F(CachedFetchSessions, OneThatGrowsBeyondWhatAllMayIsAnsweredInFullAndEnds) {
  const auto other = new_session({{0}});
  const auto growing = new_session({{0}});
  std::vector<Asked> many;
  for (std::int32_t partition = 1; partition <= 99; ++partition) many.push_back({partition});
  const auto last = fetch(request(growing, 1, many));
  EXPECT_EQ(last.response.session_id, 0);
  EXPECT_EQ(told_of(last).size(), 100U);
  EXPECT_FALSE(is_there(growing));
  EXPECT_TRUE(is_there(other));
  EXPECT_EQ(cache_.partition_count(), 1U);
}

}  // namespace
}  // namespace millrace::broker
