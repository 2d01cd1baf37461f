// SIGKILL at any moment, a hundred times over: the broker comes back on the same directory with
// every record it acknowledged, once, in its place and unharmed, and with every committed offset.
//
// Two producers and a committing consumer live through all of it. One producer is idempotent and
// retries: the record at offset n has to be its n-th. The other one is not and does not: what was
// acknowledged has to be there once, what was not may be. A kill leaves what the kernel holds; that
// a power cut loses nothing acknowledged either is held in src/storage and src/broker on simulated
// disks.
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "base/guarded.h"
#include "base/random.h"
#include "client/admin.h"
#include "client/consumer.h"
#include "client/producer.h"
#include "tests/process/kill_case.h"

namespace millrace::process {
namespace {

constexpr int kKills = 100;
constexpr std::uint64_t kSeed = 20'150'517;
constexpr std::string_view kExact = "exact";
constexpr std::string_view kPlain = "plain";

/// What is read after a kill: mostly the end of a topic, which is what a recovery works on.
enum class Reread { kTail, kAll };
constexpr std::int64_t kTail = 1000;
constexpr int kKillsPerFullRead = 10;

/// What a record of that number holds: another length and other bytes for each.
std::string value_of(std::int64_t number) {
  Random random(static_cast<std::uint64_t>(number) + 1);
  std::string value = std::to_string(number) + ":";
  const std::size_t size = value.size() + random.below(600);
  while (value.size() < size) value.push_back(static_cast<char>('a' + random.below(26)));
  return value;
}

std::int64_t number_of(std::string_view value) {
  return std::stoll(std::string(value.substr(0, value.find(':'))));
}

class KillTest : public KillCase {
 protected:
  void create_topics() {
    auto admin = client::Admin::create(properties(), env_.get());
    ASSERT_TRUE(admin.ok()) << admin.error().to_string();
    for (const auto topic : {kExact, kPlain}) {
      const std::string name(topic);
      const auto made = admin->create_topics(
          {{.name = name, .partitions = 1, .configs = {{"segment.bytes", "1048576"}}}});
      ASSERT_TRUE(made.ok() && made->at(name).ok()) << name;
    }
  }

  // --- the three who work meanwhile ---

  /// acks=all and idempotence; gives up on nothing.
  void produce_exactly() {
    auto wanted = properties();
    wanted.set("batch.size", "2000").set("linger.ms", "0");
    auto producer =
        client::Producer::create(wanted,
                                 {.on_delivery =
                                      [this](const client::DeliveryReport& report) {
                                        if (report.status.ok()) {
                                          exact_acked_ += report.record_count;
                                        } else {
                                          note("a record of the idempotent producer failed: " +
                                               report.status.error().message);
                                        }
                                      }},
                                 env_.get());
    if (!producer.ok()) return note(producer.error().to_string());
    Random random(kSeed);
    for (std::int64_t number = 0; !is_over_;) {
      for (std::uint64_t left = 1 + random.below(40); left > 0; --left, ++number) {
        const std::string value = value_of(number);
        const auto status = producer->send({.topic = kExact, .value = value});
        if (!status.ok()) return note("send: " + status.error().to_string());
      }
      const auto flushed = producer->flush(Millis{kPatienceMs});
      if (!flushed.ok()) return note("flush: " + flushed.error().to_string());
    }
  }

  /// acks=all, without idempotence and retries: a group of records is acknowledged or who knows.
  void produce_plainly() {
    auto wanted = properties();
    wanted.set("batch.size", "2000").set("linger.ms", "0");
    wanted.set("enable.idempotence", "false").set("retries", "0");
    auto producer = client::Producer::create(wanted, {}, env_.get());
    if (!producer.ok()) return note(producer.error().to_string());
    Random random(kSeed + 1);
    for (std::int64_t number = 0; !is_over_;) {
      const std::int64_t first = number;
      bool all_queued = true;
      for (std::uint64_t left = 1 + random.below(20); left > 0; --left, ++number) {
        const std::string value = value_of(number);
        all_queued = producer->send({.topic = kPlain, .value = value}).ok() && all_queued;
      }
      if (!producer->flush(Millis{kPatienceMs}).ok() || !all_queued) continue;
      plain_acked_.with([&](std::set<std::int64_t>& acked) {
        for (std::int64_t each = first; each < number; ++each) acked.insert(each);
      });
    }
  }

  void commit_offsets() {
    auto wanted = properties();
    wanted.set("group.id", "g").set("enable.auto.commit", "false");
    wanted.set("default.api.timeout.ms", std::to_string(kPatienceMs));
    auto consumer = client::Consumer::create(wanted, {}, env_.get());
    if (!consumer.ok()) return note(consumer.error().to_string());
    const TopicPartition partition{std::string(kExact), PartitionId{0}};
    if (!consumer->assign({partition}).ok()) return note("assign failed");
    for (std::int64_t offset = 1; !is_over_; ++offset) {
      commit_begun_ = offset;
      const auto status = consumer->commit_sync({{partition, {.offset = Offset{offset}}}});
      if (!status.ok()) return note("commit: " + status.error().to_string());
      commit_acked_ = offset;
    }
  }

  // --- what has to hold ---

  /// Reads a topic from where `numbers`, the numbers of its values, is to be compared again, up to
  /// its present end; offsets have to follow each other and what was there before may not change.
  void read_again(std::string_view topic, Reread reread, std::vector<std::int64_t>& numbers) {
    auto consumer = client::Consumer::create(properties(), {}, env_.get());
    ASSERT_TRUE(consumer.ok()) << consumer.error().to_string();
    const TopicPartition partition{std::string(topic), PartitionId{0}};
    const auto ends = consumer->end_offsets({partition});
    ASSERT_TRUE(ends.ok()) << ends.error().to_string();
    const auto known = static_cast<std::int64_t>(numbers.size());
    const std::int64_t end = ends->at(partition).value();
    ASSERT_GE(end, known) << topic << " has become shorter";
    std::int64_t next = reread == Reread::kAll ? 0 : std::max<std::int64_t>(0, known - kTail);
    ASSERT_TRUE(consumer->assign({partition}).ok());
    ASSERT_TRUE(consumer->seek(partition, Offset{next}).ok());
    while (next < end) {
      const auto polled = consumer->poll(Millis{kPatienceMs});
      ASSERT_TRUE(polled.ok()) << topic << ": " << polled.error().to_string();
      ASSERT_FALSE(polled->empty()) << topic << " ends at " << next << " of " << end;
      for (const auto& part : *polled) {
        for (const RecordView& record : part.records) {
          ASSERT_EQ(record.offset.value(), next) << topic;
          const std::int64_t number = number_of(*record.value);
          ASSERT_EQ(*record.value, value_of(number)) << topic << " at " << next;
          if (next >= static_cast<std::int64_t>(numbers.size())) numbers.push_back(number);
          ASSERT_EQ(numbers[static_cast<std::size_t>(next)], number) << topic << " at " << next;
          ++next;
        }
      }
    }
  }

  void check_exact(Reread reread) {
    const std::int64_t acked = exact_acked_;
    ASSERT_NO_FATAL_FAILURE(read_again(kExact, reread, exact_));
    ASSERT_GE(static_cast<std::int64_t>(exact_.size()), acked) << "acknowledged records are gone";
    for (std::size_t offset = 0; offset < exact_.size(); ++offset) {
      ASSERT_EQ(exact_[offset], static_cast<std::int64_t>(offset)) << "lost, doubled or misplaced";
    }
  }

  void check_plain(Reread reread) {
    const auto acked = plain_acked_.with([](const std::set<std::int64_t>& all) { return all; });
    ASSERT_NO_FATAL_FAILURE(read_again(kPlain, reread, plain_));
    std::set<std::int64_t> seen;
    for (const std::int64_t number : plain_) {
      ASSERT_TRUE(seen.insert(number).second) << number << " is there twice";
    }
    for (const std::int64_t number : acked) {
      ASSERT_TRUE(seen.contains(number)) << number << " was acknowledged and is gone";
    }
  }

  void check_commits() {
    const std::int64_t acked = commit_acked_;
    auto wanted = properties();
    wanted.set("group.id", "g");
    auto consumer = client::Consumer::create(wanted, {}, env_.get());
    ASSERT_TRUE(consumer.ok());
    const TopicPartition partition{std::string(kExact), PartitionId{0}};
    const auto committed = consumer->committed({partition});
    ASSERT_TRUE(committed.ok()) << committed.error().to_string();
    if (acked == 0 && committed->empty()) return;
    ASSERT_EQ(committed->size(), 1U) << "the group forgot its offset " << acked;
    EXPECT_GE(committed->at(partition).offset.value(), acked) << "an old offset came back";
    EXPECT_LE(committed->at(partition).offset.value(), commit_begun_.load());
  }

  std::vector<std::int64_t> exact_, plain_;  // what was read so far, by offset
  std::atomic<std::int64_t> exact_acked_ = 0;
  std::atomic<std::int64_t> commit_begun_ = 0;
  std::atomic<std::int64_t> commit_acked_ = 0;
  Guarded<std::set<std::int64_t>> plain_acked_;
};

TEST_F(KillTest, AHundredKillsLoseNothingAcknowledgedAndServeNothingCorrupt) {
  ASSERT_NO_FATAL_FAILURE(start_broker());
  ASSERT_NO_FATAL_FAILURE(create_topics());
  std::vector<std::thread> workers;
  workers.emplace_back([this] { produce_exactly(); });
  workers.emplace_back([this] { produce_plainly(); });
  workers.emplace_back([this] { commit_offsets(); });

  Random random(kSeed);
  const auto check_round = [&](Reread reread) {
    kill_somewhen(random, [this] { return exact_acked_.load(); });
    if (HasFatalFailure() || has_complaint_) return;
    check_exact(reread);
    if (!HasFatalFailure()) check_plain(reread);
    if (!HasFatalFailure()) check_commits();
  };
  for (int kill = 1; kill <= kKills && !has_complaint_ && !HasFailure(); ++kill) {
    SCOPED_TRACE(::testing::Message() << "kill " << kill);
    check_round(kill % kKillsPerFullRead == 0 ? Reread::kAll : Reread::kTail);
  }
  is_over_ = true;
  if (broker_.pid() < 0) start_broker();
  for (auto& worker : workers) worker.join();
  expect_no_complaints();

  EXPECT_GE(exact_acked_, kKills);
  EXPECT_EQ(broker_.stop(), 0);
  ASSERT_NO_FATAL_FAILURE(start_broker());
  check_exact(Reread::kAll);
  check_plain(Reread::kAll);
  check_commits();
}

}  // namespace
}  // namespace millrace::process
