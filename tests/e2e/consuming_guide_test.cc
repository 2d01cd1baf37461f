// The code of docs/guides/consuming.md, which shows what stands between the marks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/e2e/embedded_cluster.h"

namespace millrace::e2e {
namespace {

using client::Consumer;
using client::Producer;
using testing::ElementsAre;

constexpr Millis kPatience{60'000};

class ConsumingGuide : public testing::Test {
 protected:
  ConsumingGuide() {
    cluster_.create_topic("clicks", 1);
    brokers_ = *cluster_.properties().find("bootstrap.servers");
    auto producer = Producer::create(cluster_.properties());
    std::int64_t time = 1431857102999;
    for (const char* value : {"home", "search", "buy"}) {
      EXPECT_TRUE(
          producer->send({.topic = "clicks", .value = value, .timestamp = Timestamp{time++}}).ok());
    }
    EXPECT_TRUE(producer->flush().ok());
  }

  /// The value of the next record.
  static std::string next(Consumer& consumer) {
    for (;;) {
      const auto polled = consumer.poll(kPatience);
      if (!polled.ok()) return polled.error().to_string();
      if (!polled->empty()) return std::string(*polled->partitions()[0].records[0].value);
    }
  }

  EmbeddedCluster cluster_;
  std::string brokers_;
};

Status bill_clicks(const std::string& brokers, std::vector<std::string>& bill) {
  // [group]
  auto consumer = Consumer::create({{"bootstrap.servers", brokers},
                                    {"group.id", "billing"},
                                    {"auto.offset.reset", "earliest"},
                                    {"enable.auto.commit", "false"}});
  if (!consumer.ok()) return consumer.error();
  if (auto status = consumer->subscribe({"clicks"}); !status.ok()) return status;
  while (bill.size() < 3) {
    const auto polled = consumer->poll(Millis{100});
    if (!polled.ok()) return polled.error();
    for (const auto& part : *polled) {
      for (const RecordView& record : part.records) bill.emplace_back(*record.value);
    }
    if (auto status = consumer->commit_sync(); !status.ok()) return status;
  }
  return consumer->close();
  // [end]
}

TEST_F(ConsumingGuide, ReadsAsAMemberOfAGroup) {
  std::vector<std::string> bill;
  const auto status = bill_clicks(brokers_, bill);
  ASSERT_TRUE(status.ok()) << status.error().to_string();
  EXPECT_THAT(bill, ElementsAre("home", "search", "buy"));

  auto again = Consumer::create({{"bootstrap.servers", brokers_}, {"group.id", "billing"}});
  const TopicPartition partition{"clicks", PartitionId{0}};
  const auto committed = again->committed({partition});
  ASSERT_TRUE(committed.ok()) << committed.error().to_string();
  EXPECT_EQ(committed->at(partition).offset, Offset{3});
}

TEST_F(ConsumingGuide, ReadsWithoutAGroup) {
  auto consumer = Consumer::create({{"bootstrap.servers", brokers_}});
  // [assign]
  const TopicPartition partition{"clicks", PartitionId{0}};
  auto status = consumer->assign({partition});
  if (status.ok()) status = consumer->seek_to_beginning({partition});
  // [end]
  ASSERT_TRUE(status.ok()) << status.error().to_string();
  EXPECT_EQ(next(*consumer), "home");
}

Status go_to_time(Result<Consumer>& consumer, const TopicPartition& partition) {
  // [time]
  const auto found = consumer->offsets_for_times({{partition, Timestamp{1431857103000}}});
  if (!found.ok()) return found.error();
  const auto first = found->find(partition);
  const Status moved = first == found->end() ? consumer->seek_to_end({partition})
                                             : consumer->seek(partition, first->second.offset);
  // [end]
  return moved;
}

TEST_F(ConsumingGuide, ReadsFromATime) {
  auto consumer = Consumer::create({{"bootstrap.servers", brokers_}});
  const TopicPartition partition{"clicks", PartitionId{0}};
  ASSERT_TRUE(consumer->assign({partition}).ok());
  const auto status = go_to_time(consumer, partition);
  ASSERT_TRUE(status.ok()) << status.error().to_string();
  EXPECT_EQ(next(*consumer), "search");
}

}  // namespace
}  // namespace millrace::e2e
