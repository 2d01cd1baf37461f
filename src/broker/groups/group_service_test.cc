#include "broker/groups/group_service.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <mutex>
#include <thread>

#include "broker/groups/coordinator/group_effects.h"
#include "broker/topics/topic_table.h"
#include "io/env.h"
#include "sim/sim_env.h"
#include "wire/batch_header.h"
#include "wire/error_codes.h"

namespace millrace::broker {
namespace {

/// Partitions in memory. Appends are done at once, or when the test says so.
class MemoryLog final : public CoordinatorLog {
 public:
  std::string_view topic() const override { return "__consumer_offsets"; }
  Result<std::int32_t> ensure_partitions() override {
    if (cannot_make) return wire::make_error(wire::KafkaError::kKafkaStorageError, "disk is gone");
    return kPartitions;
  }
  std::int32_t partition_count() override { return kPartitions; }
  void append(PartitionId partition, Buffer batch, storage::VerificationGuard,
              std::function<void(Status)> on_done) override {
    add(partition, std::move(batch), std::move(on_done));
  }
  void append_marker(const LogMarker& marker, std::function<void(Status)> on_done) override {
    add(marker.partition, wire::build_transaction_marker(marker.marker, Timestamp{1}),
        std::move(on_done));
  }
  void add(PartitionId partition, Buffer batch, std::function<void(Status)> on_done) {
    std::function<void(Status)> done_now;
    {
      const std::lock_guard lock(mutex_);
      EXPECT_FALSE(is_appending_) << "two appends at a time";
      ++append_count_;
      Batches& batches = partitions_[static_cast<std::size_t>(partition.value())];
      const auto header = wire::read_batch_header(batch.view());
      wire::patch_base_offset(batch.data(), batches.end);
      batches.end = batches.end + (std::int64_t{header.value().last_offset_delta} + 1);
      batches.bytes.append(batch.view());
      if (holds_appends) {
        is_appending_ = true;
        held_ = std::move(on_done);
      } else {
        done_now = std::move(on_done);
      }
    }
    if (done_now) done_now({});
  }
  Result<Buffer> read(PartitionId partition, Offset from, std::size_t) override {
    const Batches& batches = partitions_[static_cast<std::size_t>(partition.value())];
    if (from >= batches.end) return Buffer{};
    return Buffer::copy_of(batches.bytes.view());
  }
  Offset log_start_offset(PartitionId) override { return Offset{0}; }

  void finish_append(Status status = {}) {
    std::function<void(Status)> done;
    {
      const std::lock_guard lock(mutex_);
      is_appending_ = false;
      done = std::exchange(held_, nullptr);
    }
    done(std::move(status));
  }
  bool has_held() {
    const std::lock_guard lock(mutex_);
    return held_ != nullptr;
  }
  int append_count() const { return append_count_; }

  bool holds_appends = false;
  bool cannot_make = false;

 private:
  static constexpr std::int32_t kPartitions = 2;
  struct Batches {
    Buffer bytes;
    Offset end{0};
  };
  std::mutex mutex_;
  Batches partitions_[kPartitions];
  std::function<void(Status)> held_;
  bool is_appending_ = false;
  int append_count_ = 0;
};

wire::OffsetCommitRequest commit_of(const std::string& group, std::int64_t offset) {
  wire::OffsetCommitRequest request;
  request.group_id = group;
  auto& topic = request.topics.emplace_back();
  topic.name = "t";
  topic.partitions.emplace_back().committed_offset = offset;
  return request;
}

wire::OffsetFetchRequest fetch_of(const std::string& group) {
  wire::OffsetFetchRequest request;
  request.group_id = group;
  request.topics.emplace();
  request.topics->push_back({"t", {0}});
  return request;
}

const GroupCaller kCommitter{7, "c", "/127.0.0.1"};

template <class Response>
Responder<Response> into(std::optional<Response>& place, bool* closed = nullptr) {
  return Responder<Response>([&place, closed](Outcome<Response> outcome) {
    if (auto* const answer = std::get_if<Answer<Response>>(&outcome)) {
      place = std::move(answer->response);
    } else if (closed != nullptr) {
      *closed = true;
    }
  });
}

class GroupServiceTest : public testing::Test {
 protected:
  std::unique_ptr<GroupService> make_service() {
    auto service = std::make_unique<GroupService>(
        GroupConfig{.session_timeout_min = Millis{1'000}}, log_, *loop_, env_.clock(),
        env_.make_random(), [] { return std::make_shared<const TopicTable>(); });
    EXPECT_TRUE(service->load().ok());
    return service;
  }
  std::int64_t committed(GroupService& service, const std::string& group) {
    std::optional<wire::OffsetFetchResponse> response;
    service.fetch_offsets(kCommitter, fetch_of(group), into(response));
    return response->topics.at(0).partitions.at(0).committed_offset;
  }
  std::int16_t commit(GroupService& service, const std::string& group, std::int64_t offset) {
    std::optional<wire::OffsetCommitResponse> response;
    service.commit_offsets(kCommitter, commit_of(group, offset), into(response));
    return response->topics.at(0).partitions.at(0).error_code;
  }

  sim::SimWorld world_{1};
  sim::SimEnv& env_ = world_.host("broker");
  std::unique_ptr<io::EventLoop> loop_ = env_.make_loop();
  MemoryLog log_;
};

TEST_F(GroupServiceTest, FindsItsOffsetsAgainAfterARestart) {
  auto before = make_service();
  EXPECT_EQ(commit(*before, "a", 1), 0);
  EXPECT_EQ(commit(*before, "b", 2), 0);
  EXPECT_EQ(commit(*before, "a", 3), 0);
  before.reset();

  const auto after = make_service();

  EXPECT_EQ(committed(*after, "a"), 3);
  EXPECT_EQ(committed(*after, "b"), 2);
  EXPECT_EQ(committed(*after, "c"), -1);
}

TEST_F(GroupServiceTest, PutsCommitsThatComeDuringAFlushIntoOneBatch) {
  const auto service = make_service();
  log_.holds_appends = true;
  std::vector<std::optional<wire::OffsetCommitResponse>> responses(5);
  for (std::size_t i = 0; i < responses.size(); ++i) {
    service->commit_offsets(kCommitter, commit_of("a", static_cast<std::int64_t>(i)),
                            into(responses[i]));
  }
  EXPECT_EQ(log_.append_count(), 1);

  log_.finish_append();
  EXPECT_TRUE(responses[0].has_value());
  EXPECT_FALSE(responses[1].has_value());
  log_.finish_append();

  EXPECT_EQ(log_.append_count(), 2);
  for (const auto& response : responses) EXPECT_TRUE(response.has_value());
  EXPECT_EQ(committed(*service, "a"), 4);
}

TEST_F(GroupServiceTest, TellsTheClientWhenTheLogCannotBeWritten) {
  const auto service = make_service();
  log_.cannot_make = true;
  EXPECT_EQ(commit(*service, "a", 1), static_cast<std::int16_t>(wire::KafkaError::kNotCoordinator));
  log_.cannot_make = false;
  EXPECT_EQ(commit(*service, "a", 1), 0);
}

TEST_F(GroupServiceTest, WakesUpForTimeouts) {
  const auto service = make_service();
  std::optional<wire::JoinGroupResponse> joined;
  wire::JoinGroupRequest request;
  request.group_id = "g";
  request.session_timeout_ms = 1'000;
  request.rebalance_timeout_ms = 1'000;
  request.protocol_type = "consumer";
  request.protocols.push_back({"range", ""});
  service->join({3, "c", "/127.0.0.1"}, request, into(joined));
  ASSERT_TRUE(joined.has_value());

  const auto state = [&] {
    std::optional<wire::DescribeGroupsResponse> described;
    service->describe({5, "c", "/127.0.0.1"}, {.groups = {"g"}}, into(described));
    return described->groups.at(0).group_state;
  };
  EXPECT_EQ(state(), "CompletingRebalance");
  world_.scheduler().run_for(Millis{3'000});

  EXPECT_EQ(state(), "Empty");
}

TEST_F(GroupServiceTest, ClosesWhatWaitsWhenItStops) {
  const auto service = make_service();
  log_.holds_appends = true;
  std::optional<wire::OffsetCommitResponse> waiting;
  std::optional<wire::OffsetCommitResponse> late;
  bool waiting_closed = false;
  bool late_closed = false;
  service->commit_offsets(kCommitter, commit_of("a", 1), into(waiting, &waiting_closed));

  service->stop();
  service->commit_offsets(kCommitter, commit_of("a", 2), into(late, &late_closed));
  log_.finish_append();

  EXPECT_TRUE(waiting_closed);
  EXPECT_TRUE(late_closed);
}

TEST(GroupServiceThreads, AnswerEveryCommitOfManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kCommits = 300;
  const auto loop = io::make_event_loop();  // never run: no timers are needed
  const SystemClock clock;
  MemoryLog log;
  log.holds_appends = true;
  GroupService service({}, log, *loop, clock, Random(1),
                       [] { return std::make_shared<const TopicTable>(); });
  ASSERT_TRUE(service.load().ok());

  std::atomic<int> answered = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < kCommits; ++n) {
        service.commit_offsets(
            kCommitter, commit_of(fmt::format("g{}", i), n),
            Responder<wire::OffsetCommitResponse>(
                [&](const Outcome<wire::OffsetCommitResponse>&) { ++answered; }));
      }
    });
  }
  while (answered < kThreads * kCommits) {
    if (log.has_held()) log.finish_append();
    std::this_thread::yield();
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(answered, kThreads * kCommits);
}

}  // namespace
}  // namespace millrace::broker
