// SIGKILL under a mixed load, idempotent and transactional: what was committed is read once and
// whole, what was not is never read, and nothing of a transaction hangs.
//
// Two producers write transactions over several partitions and abort some; one is idempotent; one
// copies its topic exactly once, with the offsets in the transactions; a reader of committed
// records looks on. The anomalies that are looked for are those of Jepsen's Kafka tests:
// lost-write, duplicate, aborted-read, nonmonotonic-poll.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "client/admin.h"
#include "client/consumer.h"
#include "client/producer.h"
#include "tests/process/kill_case.h"
#include "tests/simulation/transaction_ledger.h"

namespace millrace::process {
namespace {

using client::TransactionErrorKind;
using client::TransactionStatus;
using simulation::TransactionFate;
using simulation::TransactionLedger;
using simulation::TransactionRecord;
using Logs = std::map<TopicPartition, TransactionLedger::Log>;

constexpr int kUsualKills = 30;
constexpr std::uint64_t kSeed = 20'170'628;
constexpr std::int32_t kPartitions = 3;
constexpr int kWriters = 2;
constexpr int kRecordsMax = 5;
constexpr double kAbortShare = 0.25;
constexpr std::string_view kTransfers = "transfers";
constexpr std::string_view kNumbers = "numbers";  // the number of a record is its offset
constexpr std::string_view kCopies = "copies";
constexpr std::string_view kCopiers = "copiers";

TopicPartition only_partition_of(std::string_view topic) {
  return {std::string(topic), PartitionId{0}};
}

class TransactionKillTest : public KillCase {
 protected:
  void create_topics() {
    auto admin = client::Admin::create(properties(), env_.get());
    ASSERT_TRUE(admin.ok()) << admin.error().to_string();
    for (const auto topic : {kTransfers, kNumbers, kCopies}) {
      const std::string name(topic);
      const auto made = admin->create_topics({{.name = name,
                                               .partitions = topic == kTransfers ? kPartitions : 1,
                                               .configs = {{"segment.bytes", "1048576"}}}});
      ASSERT_TRUE(made.ok() && made->at(name).ok()) << name;
    }
  }

  client::Properties of_producer(const std::string& transactional_id) const {
    auto wanted = properties();
    wanted.set("linger.ms", "0").set("transaction.timeout.ms", "20000");
    if (!transactional_id.empty()) wanted.set("transactional.id", transactional_id);
    return wanted;
  }
  client::Properties of_reader(std::string_view isolation) const {
    auto wanted = properties();
    wanted.set("isolation.level", std::string(isolation));
    wanted.set("default.api.timeout.ms", std::to_string(kPatienceMs));
    return wanted;
  }

  /// The first answer of a call about a transaction that is not "not over yet, call again".
  template <class Call>
  TransactionStatus insist(Call&& call) {
    TransactionStatus status = call();
    while (!status.ok() && status.kind() == TransactionErrorKind::kRetriable && !has_complaint_)
      status = call();
    return status;
  }

  // --- those who work meanwhile ---

  void write_transactions(int writer) {
    Random random(kSeed + static_cast<std::uint64_t>(writer));
    for (std::uint64_t transaction = 0; !is_over_;) {
      auto producer =
          client::Producer::create(of_producer("writer-" + std::to_string(writer)), {}, env_.get());
      if (!producer.ok()) return note(producer.error().to_string());
      const auto begun = insist([&] { return producer->init_transactions(); });
      if (!begun.ok()) return note("init_transactions: " + begun.error().to_string());
      while (!is_over_ && write_one(*producer, random, writer, ++transaction)) {
      }
    }
  }

  /// False when the producer can only be closed.
  bool write_one(client::Producer& producer, Random& random, int writer,
                 std::uint64_t transaction) {
    if (!producer.begin_transaction().ok()) return false;
    tell_ledger([&](TransactionLedger& ledger) { ledger.begun(writer, transaction); });
    const int count = 1 + static_cast<int>(random.below(kRecordsMax));
    for (int index = 0; index < count; ++index) {
      const TransactionRecord record{writer, transaction, index};
      // Whether it is taken or not: a commit that goes well says that all were.
      tell_ledger([&](TransactionLedger& ledger) { ledger.sent(record); });
      const PartitionId partition{static_cast<std::int32_t>(random.below(kPartitions))};
      const std::string value = record.value();
      if (!producer.send({.topic = kTransfers, .partition = partition, .value = value}).ok()) break;
    }
    if (random.chance(kAbortShare)) return abort(producer);

    const auto ended = [&](TransactionFate fate) {
      tell_ledger([&](TransactionLedger& ledger) { ledger.ended(writer, transaction, fate); });
    };
    ended(TransactionFate::kUnknown);
    const auto committed = insist([&] { return producer.commit_transaction(); });
    if (committed.ok()) {
      ended(TransactionFate::kCommitted);
      ++committed_;
      return true;
    }
    if (committed.kind() != TransactionErrorKind::kAbortable) return false;
    ended(TransactionFate::kNotCommitted);
    return abort(producer);
  }

  bool abort(client::Producer& producer) {
    for (;;) {
      const auto status = insist([&] { return producer.abort_transaction(); });
      if (status.ok()) return true;
      if (status.kind() != TransactionErrorKind::kAbortable || has_complaint_) return false;
    }
  }

  /// Idempotent; gives up on nothing.
  void write_numbers() {
    auto producer =
        client::Producer::create(of_producer(""),
                                 {.on_delivery =
                                      [this](const client::DeliveryReport& report) {
                                        if (report.status.ok())
                                          numbers_acked_ += report.record_count;
                                        else
                                          note("a record of the idempotent producer failed: " +
                                               report.status.error().message);
                                      }},
                                 env_.get());
    if (!producer.ok()) return note(producer.error().to_string());
    Random random(kSeed);
    for (std::int64_t number = 0; !is_over_;) {
      for (std::uint64_t left = 1 + random.below(10); left > 0; --left, ++number) {
        const std::string value = std::to_string(number);
        const auto status = producer->send({.topic = kNumbers, .value = value});
        if (!status.ok()) return note("send: " + status.error().to_string());
      }
      const auto flushed = producer->flush(Millis{kPatienceMs});
      if (!flushed.ok()) return note("flush: " + flushed.error().to_string());
    }
  }

  void copy_numbers() {
    while (!is_over_ && !has_complaint_) copy_in_one_life();
  }

  void copy_in_one_life() {
    auto wanted = of_reader("read_committed");
    wanted.set("group.id", std::string(kCopiers)).set("enable.auto.commit", "false");
    auto consumer = client::Consumer::create(wanted, {}, env_.get());
    auto producer = client::Producer::create(of_producer("copier"), {}, env_.get());
    if (!consumer.ok() || !producer.ok()) return note("the copier cannot begin");
    // First, so that nothing of an earlier life is open any more.
    const auto begun = insist([&] { return producer->init_transactions(); });
    if (!begun.ok()) return note("init_transactions: " + begun.error().to_string());
    const auto partition = only_partition_of(kNumbers);
    const auto committed = consumer->committed({partition});
    if (!committed.ok()) return note("committed: " + committed.error().to_string());
    const bool is_first = committed->empty();
    if (!consumer->assign({partition}).ok()) return note("assign failed");
    const Offset from = is_first ? Offset{0} : committed->at(partition).offset;
    if (!consumer->seek(partition, from).ok()) return note("seek failed");
    while (!is_over_) {
      const auto polled = consumer->poll(Millis{100});
      if (!polled.ok()) return;
      if (!polled->empty() && !copy(*producer, *polled)) return;
    }
  }

  /// False when the next life has to go on.
  bool copy(client::Producer& producer, const client::PolledRecords& polled) {
    if (!producer.begin_transaction().ok()) return false;
    client::OffsetsToCommit offsets;
    for (const client::PartitionRecords& part : polled) {
      offsets[part.partition] = {.offset = part.next_offset};
      for (const RecordView& record : part.records)
        if (!producer.send({.topic = kCopies, .value = record.value}).ok()) break;
    }
    const client::ConsumerGroupMetadata group{.group_id = std::string(kCopiers)};  // of no member
    const auto sent = insist([&] { return producer.send_offsets_to_transaction(offsets, group); });
    return sent.ok() && insist([&] { return producer.commit_transaction(); }).ok();
  }

  void look_on() {
    auto consumer = client::Consumer::create(of_reader("read_committed"), {}, env_.get());
    if (!consumer.ok()) return note(consumer.error().to_string());
    const auto partitions = transfers();
    if (!consumer->assign(partitions).ok() || !consumer->seek_to_beginning(partitions).ok())
      return note("assign failed");
    while (!is_over_) {
      const auto polled = consumer->poll(Millis{100});
      if (polled.ok()) collect(*polled, looked_on_);
    }
  }

  // --- what has to hold ---

  static client::PartitionList transfers() {
    client::PartitionList partitions;
    for (std::int32_t index = 0; index < kPartitions; ++index)
      partitions.push_back({std::string(kTransfers), PartitionId{index}});
    return partitions;
  }

  void tell_ledger(const std::function<void(TransactionLedger&)>& tell) { ledger_.with(tell); }

  void collect(const client::PolledRecords& polled, Logs& logs) {
    for (const client::PartitionRecords& part : polled) {
      auto& log = logs[part.partition];
      for (const RecordView& record : part.records) {
        if (!log.empty() && record.offset <= log.back().first)
          note("nonmonotonic-poll: offset " + std::to_string(record.offset.value()) + " behind " +
               std::to_string(log.back().first.value()));
        log.emplace_back(record.offset, std::string(record.value.value_or("")));
      }
    }
  }

  std::map<TopicPartition, Offset> ends(std::string_view isolation,
                                        const client::PartitionList& partitions) {
    auto consumer = client::Consumer::create(of_reader(isolation), {}, env_.get());
    EXPECT_TRUE(consumer.ok());
    const auto found = consumer->end_offsets(partitions);
    EXPECT_TRUE(found.ok()) << found.error().to_string();
    return found.ok() ? *found : std::map<TopicPartition, Offset>{};
  }

  /// Everything that readers of committed records get once all transactions are over.
  void read_committed(const client::PartitionList& partitions, Logs& logs) {
    const auto end = ends("read_uncommitted", partitions);
    for (int waited = 0; ends("read_committed", partitions) != end; ++waited) {
      ASSERT_LT(waited, kPatienceMs / 100) << "a transaction hangs";
      let_pass(100);
    }
    auto consumer = client::Consumer::create(of_reader("read_committed"), {}, env_.get());
    ASSERT_TRUE(consumer.ok());
    ASSERT_TRUE(consumer->assign(partitions).ok());
    ASSERT_TRUE(consumer->seek_to_beginning(partitions).ok());
    std::map<TopicPartition, Offset> next;
    const auto is_read = [&] {
      return std::all_of(end.begin(), end.end(), [&](const auto& each) {
        return each.second == Offset{0} || next[each.first] >= each.second;
      });
    };
    while (!is_read()) {
      const auto polled = consumer->poll(Millis{100});
      ASSERT_TRUE(polled.ok()) << polled.error().to_string();
      collect(*polled, logs);
      // Behind the last record come markers, of which a poll says nothing.
      for (const auto& partition : partitions)
        next[partition] = consumer->position(partition).value();
    }
  }

  void check_transfers() {
    Logs visible;
    ASSERT_NO_FATAL_FAILURE(read_committed(transfers(), visible));
    const auto wrong =
        ledger_.with([&](const TransactionLedger& all) { return all.check(visible); });
    EXPECT_FALSE(wrong.has_value()) << "lost-write, duplicate or aborted-read: " << *wrong;
    const auto seen = TransactionLedger::check_read(looked_on_, visible);
    EXPECT_FALSE(seen.has_value()) << "aborted-read or lost-write: " << *seen;
  }

  /// The values of a topic of one partition, which count up from 0.
  std::int64_t count_of_numbers(std::string_view topic) {
    Logs logs;
    read_committed({only_partition_of(topic)}, logs);
    std::int64_t next = 0;
    for (const auto& [offset, value] : logs[only_partition_of(topic)]) {
      EXPECT_EQ(value, std::to_string(next)) << topic << " at " << offset.value();
      if (value != std::to_string(next)) break;
      ++next;
    }
    return next;
  }

  void check_copies() {
    const std::int64_t numbers = count_of_numbers(kNumbers);
    EXPECT_GE(numbers, numbers_acked_) << "lost-write";
    const std::int64_t copies = count_of_numbers(kCopies);
    auto wanted = properties();
    wanted.set("group.id", std::string(kCopiers));
    auto consumer = client::Consumer::create(wanted, {}, env_.get());
    ASSERT_TRUE(consumer.ok());
    const auto partition = only_partition_of(kNumbers);
    const auto committed = consumer->committed({partition});
    ASSERT_TRUE(committed.ok()) << committed.error().to_string();
    ASSERT_EQ(committed->size(), 1U);
    EXPECT_EQ(committed->at(partition).offset.value(), copies) << "offsets and copies go together";
    EXPECT_GT(copies, 0);
  }

  Guarded<TransactionLedger> ledger_;
  Logs looked_on_;
  std::atomic<std::int64_t> committed_ = 0;
  std::atomic<std::int64_t> numbers_acked_ = 0;
};

TEST_F(TransactionKillTest, KillsLoseNothingCommittedAndShowNothingElse) {
  const int kills = kill_count(kUsualKills);
  ASSERT_NO_FATAL_FAILURE(start_broker());
  ASSERT_NO_FATAL_FAILURE(create_topics());
  std::vector<std::thread> workers;
  for (int writer = 0; writer < kWriters; ++writer)
    workers.emplace_back([this, writer] { write_transactions(writer); });
  workers.emplace_back([this] { write_numbers(); });
  workers.emplace_back([this] { copy_numbers(); });
  workers.emplace_back([this] { look_on(); });

  Random random(kSeed);
  for (int kill = 1; kill <= kills && !has_complaint_ && !HasFailure(); ++kill) {
    SCOPED_TRACE(::testing::Message() << "kill " << kill);
    kill_somewhen(random, [this] { return committed_.load(); });
  }
  is_over_ = true;
  if (broker_.pid() < 0) start_broker();
  for (auto& worker : workers) worker.join();
  expect_no_complaints();
  ASSERT_FALSE(HasFailure());

  EXPECT_GE(committed_, kills / 2);
  check_transfers();
  check_copies();
  EXPECT_EQ(broker_.stop(), 0);
  ASSERT_NO_FATAL_FAILURE(start_broker());
  check_transfers();
  check_copies();
  expect_no_complaints();
}

}  // namespace
}  // namespace millrace::process
