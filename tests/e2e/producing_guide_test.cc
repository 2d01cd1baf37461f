// The code of docs/guides/producing.md, which shows what stands between the marks.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "tests/e2e/embedded_cluster.h"

namespace millrace::e2e {
namespace {

using client::DeliveryReport;
using client::Producer;
using client::RecordMetadata;
using client::SendReceipt;

class ProducingGuide : public testing::Test {
 protected:
  ProducingGuide() {
    cluster_.create_topic("clicks", 1);
    brokers_ = *cluster_.properties().find("bootstrap.servers");
  }

  EmbeddedCluster cluster_;
  std::string brokers_;
};

Status send_two(const std::string& brokers) {
  // [send]
  auto producer = Producer::create({{"bootstrap.servers", brokers}});
  if (!producer.ok()) return producer.error();
  for (const char* page : {"/", "/about"}) {
    const auto sent = producer->send({.topic = "clicks", .key = "alice", .value = page});
    if (!sent.ok()) return sent.error();
  }
  return producer->flush();
  // [end]
}

TEST_F(ProducingGuide, SendsAndFlushes) {
  const auto status = send_two(brokers_);
  EXPECT_TRUE(status.ok()) << status.error().to_string();
}

TEST_F(ProducingGuide, AwaitsOneRecord) {
  auto producer = Producer::create({{"bootstrap.servers", brokers_}});
  Offset offset = kNoOffset;
  // [await]
  const auto written = producer->send_and_wait({.topic = "clicks", .value = "/"}, Millis{30'000});
  if (written.ok()) offset = written->offset;
  // [end]
  EXPECT_EQ(offset, Offset{0});
}

TEST_F(ProducingGuide, HearsOfOneRecord) {
  auto producer = Producer::create({{"bootstrap.servers", brokers_}});
  std::atomic<int> lost = 0;
  // [callback]
  const auto sent = producer->send({.topic = "clicks", .value = "/"},
                                   [&lost](const Result<RecordMetadata>& fate) {
                                     if (!fate.ok()) ++lost;
                                   });
  // [end]
  ASSERT_TRUE(sent.ok());
  EXPECT_TRUE(producer->flush().ok());
  EXPECT_EQ(lost, 0);
}

TEST_F(ProducingGuide, ResolvesReceipts) {
  const std::string& brokers = brokers_;
  std::map<std::string, Offset> offsets;
  // [receipt]
  std::vector<DeliveryReport> reports;
  auto producer = Producer::create(
      {{"bootstrap.servers", brokers}},
      {.on_delivery = [&](const DeliveryReport& report) { reports.push_back(report); }});
  std::vector<std::pair<std::string, SendReceipt>> sent;
  for (const std::string order : {"17", "18", "19"}) {
    const auto receipt = producer->send({.topic = "clicks", .value = order});
    if (receipt.ok()) sent.emplace_back(order, *receipt);
  }
  const Status flushed = producer->flush();
  for (const auto& [order, receipt] : sent) {
    for (const DeliveryReport& report : reports) {
      if (report.covers(receipt)) offsets[order] = report.offset_of(receipt);
    }
  }
  // [end]
  EXPECT_TRUE(flushed.ok());
  EXPECT_EQ(offsets["19"], Offset{2});
}

TEST_F(ProducingGuide, IsForManyThreads) {
  auto producer = Producer::create({{"bootstrap.servers", brokers_}});
  // [threads]
  std::vector<std::thread> threads;
  for (const std::string user : {"alice", "bob"}) {
    threads.emplace_back([&producer, user] {
      for (int i = 0; i < 100; ++i) {
        (void)producer->send({.topic = "clicks", .key = user, .value = std::to_string(i)});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const Status flushed = producer->flush();
  // [end]
  EXPECT_TRUE(flushed.ok());
  EXPECT_EQ(producer->metrics().records_sent, 200U);
}

}  // namespace
}  // namespace millrace::e2e
