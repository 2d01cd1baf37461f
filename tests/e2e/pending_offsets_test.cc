// Offsets in a transaction that is not over: who takes the partitions over waits for its end.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/e2e/embedded_cluster.h"
#include "wire/error_codes.h"

namespace millrace::e2e {
namespace {

using client::Consumer;
using client::PolledRecords;
using client::Producer;

constexpr Millis kPatience{60'000};
const TopicPartition kPartition{"t", PartitionId{0}};

std::vector<std::string> values_in(const PolledRecords& polled) {
  std::vector<std::string> values;
  for (const auto& part : polled) {
    for (const RecordView& record : part.records) values.emplace_back(*record.value);
  }
  return values;
}

class PendingOffsets : public testing::Test {
 protected:
  PendingOffsets() {
    cluster_.create_topic("t", 1);
    auto plain = Producer::create(cluster_.properties(), {}, &cluster_.env());
    for (const char* value : {"copied", "not yet"}) {
      EXPECT_TRUE(plain->send({.topic = "t", .value = value}).ok());
    }
    EXPECT_TRUE(plain->flush(kPatience).ok());
    EXPECT_TRUE(producer_.init_transactions(kPatience).ok());
    EXPECT_TRUE(producer_.begin_transaction().ok());
    EXPECT_TRUE(
        producer_
            .send_offsets_to_transaction({{kPartition, {.offset = Offset{1}}}}, {.group_id = "g"})
            .ok());
  }

  Producer make_producer() {
    auto properties = cluster_.properties();
    properties.set("transactional.id", "copier");
    return std::move(Producer::create(properties, {}, &cluster_.env())).value();
  }
  /// A member that owns the partition.
  Consumer successor() {
    auto properties = cluster_.group_properties("g");
    properties.set("default.api.timeout.ms", "300");
    auto made = std::move(Consumer::create(properties, {}, &cluster_.env())).value();
    EXPECT_TRUE(made.subscribe({"t"}).ok());
    const MonotonicTime deadline = cluster_.env().clock().monotonic() + kPatience;
    while (made.assignment().empty() && cluster_.env().clock().monotonic() < deadline) {
      EXPECT_TRUE(made.poll(Millis{20})->empty());
    }
    return made;
  }
  std::vector<std::string> first_values(Consumer& consumer) {
    const MonotonicTime deadline = cluster_.env().clock().monotonic() + kPatience;
    std::vector<std::string> values;
    while (values.empty() && cluster_.env().clock().monotonic() < deadline) {
      values = values_in(*consumer.poll(Millis{100}));
    }
    return values;
  }

  EmbeddedCluster cluster_;
  Producer producer_ = make_producer();
};

TEST_F(PendingOffsets, AMemberBeginsBehindThemOnceTheyAreCommitted) {
  Consumer next = successor();
  EXPECT_TRUE(next.poll(Millis{1000})->empty()) << "where it begins is not decided";
  EXPECT_TRUE(producer_.commit_transaction(kPatience).ok());
  EXPECT_EQ(first_values(next), (std::vector<std::string>{"not yet"}));
}

TEST_F(PendingOffsets, AMemberBeginsBeforeThemOnceTheyAreAborted) {
  Consumer next = successor();
  EXPECT_TRUE(next.poll(Millis{1000})->empty());
  EXPECT_TRUE(producer_.abort_transaction(kPatience).ok());
  EXPECT_EQ(first_values(next), (std::vector<std::string>{"copied", "not yet"}));
}

TEST_F(PendingOffsets, CommittedSaysThatATransactionIsOpen) {
  Consumer next = successor();
  // A machine with much else to do may not answer within the time of the call.
  auto committed = next.committed({kPartition});
  const MonotonicTime deadline = cluster_.env().clock().monotonic() + kPatience;
  while (!committed.ok() && committed.error().code == ErrorCode::kTimeout &&
         cluster_.env().clock().monotonic() < deadline) {
    committed = next.committed({kPartition});
  }
  ASSERT_FALSE(committed.ok());
  EXPECT_EQ(wire::kafka_error_of(committed.error()), wire::KafkaError::kUnstableOffsetCommit);
}

}  // namespace
}  // namespace millrace::e2e
