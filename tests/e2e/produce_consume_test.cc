// The whole way of a record: produced with a key and each codec, read by a group of two across a
// rebalance and a restart, every record once and in the order of its key.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "tests/e2e/embedded_cluster.h"

namespace millrace::e2e {
namespace {

using client::Consumer;
using client::Producer;

constexpr int kKeys = 20;

void produce(EmbeddedCluster& cluster, const std::string& topic, const std::string& codec,
             int first, int count) {
  auto properties = cluster.properties();
  properties.set("compression.type", codec).set("linger.ms", "1");
  int delivered = 0;
  auto producer = Producer::create(properties,
                                   {.on_delivery =
                                        [&](const client::DeliveryReport& report) {
                                          EXPECT_TRUE(report.status.ok())
                                              << report.status.error().to_string();
                                          delivered += report.record_count;
                                        }},
                                   &cluster.env());
  ASSERT_TRUE(producer.ok()) << producer.error().to_string();
  for (int i = first; i < first + count; ++i) {
    const std::string key = "key-" + std::to_string(i % kKeys);
    const std::string value = std::to_string(i);
    const HeaderView header{"codec", codec};
    const auto sent =
        producer->send({.topic = topic, .key = key, .value = value, .headers = {&header, 1}});
    ASSERT_TRUE(sent.ok()) << sent.error().to_string();
  }
  const auto flushed = producer->flush(Millis{60'000});
  ASSERT_TRUE(flushed.ok()) << flushed.error().to_string();
  EXPECT_EQ(delivered, count);
}

/// What was read, checked as it comes in: each key's values must rise.
class Ledger {
 public:
  void take(const client::PolledRecords& polled) {
    for (const auto& part : polled) {
      for (const RecordView& record : part.records) {
        const int value = std::stoi(std::string(*record.value));
        EXPECT_TRUE(seen_.insert(value).second) << "twice: " << value;
        int& last = last_of_[std::string(*record.key)];
        EXPECT_GT(value + 1, last) << "out of order: " << *record.key;
        last = value + 1;
      }
    }
  }
  std::size_t count() const { return seen_.size(); }

 private:
  std::set<int> seen_;
  std::map<std::string, int> last_of_;
};

Result<Consumer> join(EmbeddedCluster& cluster, const std::string& topic,
                      const std::string& assignor) {
  auto properties = cluster.group_properties("readers");
  properties.set("partition.assignment.strategy", assignor);
  auto consumer = Consumer::create(properties, {}, &cluster.env());
  EXPECT_TRUE(consumer.ok()) << consumer.error().to_string();
  EXPECT_TRUE(consumer->subscribe({topic}).ok());
  return consumer;
}

/// Polls all in turn until `ledger` holds `count` records and `is_settled` says so.
template <class Settled>
void read_until(const std::vector<Consumer*>& consumers, Ledger& ledger, std::size_t count,
                Settled&& is_settled) {
  for (int round = 0; round < 6'000; ++round) {
    for (Consumer* const consumer : consumers) {
      auto polled = consumer->poll(Millis{10});
      ASSERT_TRUE(polled.ok()) << polled.error().to_string();
      ledger.take(*polled);
      if (polled->empty()) continue;
      const auto committed = consumer->commit_sync();
      ASSERT_TRUE(committed.ok()) << committed.error().to_string();
    }
    if (ledger.count() >= count && is_settled()) return;
  }
  FAIL() << "read " << ledger.count() << " of " << count << " records";
}

class TheWholeWayOfARecord : public testing::TestWithParam<std::string> {};

TEST_P(TheWholeWayOfARecord, OnceAndInOrderAcrossARebalanceAndARestart) {
  EmbeddedCluster cluster;
  cluster.create_topic("clicks", 4);
  const std::vector<std::string> codecs{"none", "gzip", "snappy", "lz4", "zstd"};
  int produced = 0;
  for (const std::string& codec : codecs) {
    produce(cluster, "clicks", codec, produced, 1000);
    produced += 1000;
  }
  Ledger ledger;

  {
    auto first = join(cluster, "clicks", GetParam());
    read_until({&*first}, ledger, 5000, [] { return true; });
    EXPECT_EQ(first->assignment().size(), 4U);

    auto second = join(cluster, "clicks", GetParam());
    read_until({&*first, &*second}, ledger, 5000,
               [&] { return first->assignment().size() == 2 && second->assignment().size() == 2; });
    produce(cluster, "clicks", "lz4", produced, 1000);
    produced += 1000;
    read_until({&*first, &*second}, ledger, 6000, [] { return true; });

    EXPECT_TRUE(first->close().ok());
    read_until({&*second}, ledger, 6000, [&] { return second->assignment().size() == 4; });
    EXPECT_TRUE(second->close().ok());
  }

  produce(cluster, "clicks", "none", produced, 500);
  auto resumed = join(cluster, "clicks", GetParam());
  read_until({&*resumed}, ledger, 6500, [] { return true; });
  EXPECT_EQ(ledger.count(), 6500U);
}

INSTANTIATE_TEST_SUITE_P(Assignors, TheWholeWayOfARecord,
                         testing::Values("cooperative-sticky", "range"), [](const auto& which) {
                           std::string name = which.param;
                           name.erase(std::remove(name.begin(), name.end(), '-'), name.end());
                           return name;
                         });

}  // namespace
}  // namespace millrace::e2e
