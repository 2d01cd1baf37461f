// What strangers may send to the port: nothing of it costs memory in advance, holds up or closes
// another connection, ends the process or hinders the next start. Single bad frames and their
// answers are tried in src/broker/broker_test.cc.
//
// The same bytes were sent to Apache Kafka 4 and to Millrace; observed, by Kafka's error numbers:
//   sent                                                   Kafka          Millrace
//   length negative or over 100 MiB, empty frame,          closed         closed
//     half a header, unknown or negative key, version not
//     served, body cut short, string or array that lies
//   100 MiB announced, or half a frame                     waits          waits
//   bytes after the body                                   answered       answered
//   ApiVersions 99                                         35, version 0  35, version 0
//   topic "", ".", "..", a/b, "a b", é, 250 letters        17             17
//   the same topic twice; 0 or -5 partitions               42; 37         42; 37
//   wrong CRC, with acks=0                                 2, closed      2, closed
//   records empty, cut, two batches, magic 1, no records   87             87
//   batch length negative or under a header's              2              2
//   magic 3, 127, -1                                       2              2
//   records null                                           no answer      87
//   count 5 around one record, record length that lies     87             87
//   compressed bytes that are garbage or claim 4 GiB       -1             taken (*)
//   the same to a compacted topic; codec 5                 -1             87
//   no key in a compacted topic, control batch             87             87
//   time far ahead; acks=5; unknown topic; internal topic  32; 21; 3; 17  32; 21; 3; 17
//   zstd before version 7; batch over 1 MiB                76; 10         76; 10
// (*) on purpose: the broker takes a compressed batch whose checksum is right as it came and does
// not look into it; the consumer finds out, and names the offset to go past
// (src/client/consumer/fetched_records_test.cc).
#include <gtest/gtest.h>
#include <poll.h>

#include <fstream>
#include <vector>

#include "base/random.h"
#include "broker/testing/raw_client.h"
#include "tests/process/broker_process.h"
#include "wire/every_message.h"
#include "wire/record_batch_builder.h"

namespace millrace::process {
namespace {

using broker::RawClient;

constexpr std::int32_t kRequestBytesMax = 100 * 1024 * 1024;  // socket.request.max.bytes
constexpr std::int64_t kMiB = 1024 * 1024;

std::string length_prefix(std::int32_t length) {
  std::string bytes(4, '\0');
  store_big_endian(bytes.data(), length);
  return bytes;
}

class HostilePort : public ::testing::Test {
 protected:
  HostilePort() { start(); }

  void start() {
    broker_.launch();
    const auto complaint = broker_.wait_until_ready();
    ASSERT_FALSE(complaint.has_value()) << *complaint;
  }
  std::unique_ptr<RawClient> connect() {
    const auto endpoint = io::Endpoint::parse(broker_.endpoint());
    return std::make_unique<RawClient>(*endpoint);
  }
  static bool answers(RawClient& client) {
    return client.call<wire::ApiVersionsResponse>(wire::ApiVersionsRequest{"t", "1"}, 3)
        .has_value();
  }

  /// A record goes in and comes out again: on a fresh connection and topic.
  void expect_to_serve(const std::string& topic) {
    const auto client = connect();
    wire::MetadataRequest metadata;
    metadata.topics->push_back({{}, topic});
    ASSERT_TRUE(client->call<wire::MetadataResponse>(metadata, 12).has_value());

    wire::RecordBatchBuilder builder;
    builder.append(Timestamp{1}, std::nullopt, "still here");
    const Buffer batch = builder.build();
    wire::ProduceRequest produce;
    produce.acks = -1;
    produce.topic_data.emplace_back().name = topic;
    produce.topic_data[0].partition_data.emplace_back().records = wire::Records(batch.view());
    const auto produced = client->call<wire::ProduceResponse>(produce, 9);
    ASSERT_TRUE(produced.has_value());
    ASSERT_EQ(produced->responses[0].partition_responses[0].error_code, 0);

    wire::FetchRequest fetch;
    fetch.min_bytes = 1;
    fetch.topics.emplace_back().topic = topic;
    fetch.topics[0].partitions.emplace_back().partition_max_bytes = 1 << 20;
    std::string frame;
    client->send_request(fetch, 12);
    const auto fetched = client->receive_response<wire::FetchResponse>(12, frame);
    ASSERT_TRUE(fetched.has_value());
    EXPECT_EQ(fetched->responses[0].partitions[0].records.bytes.size(), batch.size());
  }

  std::int64_t resident_bytes() const {
    std::ifstream pages("/proc/" + std::to_string(broker_.pid()) + "/statm");
    std::int64_t total = 0;
    std::int64_t resident = 0;
    pages >> total >> resident;
    return resident * ::sysconf(_SC_PAGESIZE);
  }

  TemporaryDirectory directory_;
  BrokerProcess broker_{directory_.path() / "data", {"--loops", "2"}};
};

TEST_F(HostilePort, FramesThatOnlyAnnounceTheirSizeCostNoMemory) {
  const auto bystander = connect();
  ASSERT_TRUE(answers(*bystander));
  const std::int64_t before = resident_bytes();
  std::vector<std::unique_ptr<RawClient>> announcers;
  for (int i = 0; i < 100; ++i) {
    announcers.push_back(connect());
    announcers.back()->send_bytes(length_prefix(99 * 1024 * 1024) + std::string(1000, '\0'));
  }
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(answers(*bystander));

  EXPECT_LT(resident_bytes() - before, 16 * kMiB) << "9.7 GiB were announced, 100 KB were sent";
  announcers.clear();
  expect_to_serve("after");
}

TEST_F(HostilePort, AFrameOfTheLimitIsAwaitedAndOneByteMoreIsNot) {
  const auto largest = connect();
  const auto too_large = connect();
  largest->send_bytes(length_prefix(kRequestBytesMax));
  too_large->send_bytes(length_prefix(kRequestBytesMax + 1));

  EXPECT_TRUE(too_large->is_closed_by_broker());
  largest->send_bytes(std::string(std::size_t{1} << 20, '\0'));
  expect_to_serve("between");
  // Now all of it: nonsense of the allowed size ends its own connection only.
  const std::string nonsense(std::size_t{1} << 20, '\xff');
  for (int sent = 1; sent < 100; ++sent) largest->send_bytes(nonsense);
  EXPECT_TRUE(largest->is_closed_by_broker());
  expect_to_serve("after");
}

TEST_F(HostilePort, SlowClientsAreAwaitedAndHoldUpNobody) {
  const std::string frame = RawClient::framed(
      RawClient::request_bytes(wire::ApiVersionsRequest{std::string(200, 's'), "1"}, 3, 7));
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 50; ++i) slow.push_back(connect());
  const auto bystander = connect();

  for (std::size_t at = 0; at < frame.size(); ++at) {
    for (const auto& client : slow) client->send_bytes(frame.substr(at, 1));
    if (at % 20 == 0) {
      ASSERT_TRUE(answers(*bystander)) << "with " << at << " bytes of 50 frames sent";
    }
  }
  std::string answer;
  for (const auto& client : slow)
    EXPECT_TRUE(client->receive_response<wire::ApiVersionsResponse>(3, answer).has_value());
}

TEST_F(HostilePort, AClientThatTakesNoAnswersIsNotReadFromForEver) {
  const auto deaf = connect();
  wire::DescribeConfigsRequest large_answer;
  large_answer.include_documentation = true;
  large_answer.resources.emplace_back().resource_type = 4;
  large_answer.resources[0].resource_name = "1";
  const std::string frame = RawClient::framed(RawClient::request_bytes(large_answer, 4, 7));
  const auto bystander = connect();
  ASSERT_TRUE(answers(*bystander));
  const std::int64_t before = resident_bytes();

  EXPECT_FALSE(deaf->send_while_taken(frame, 1'000'000));

  EXPECT_TRUE(answers(*bystander));
  EXPECT_LT(resident_bytes() - before, 32 * kMiB);
}

TEST_F(HostilePort, AStreamOfNonsenseDoesNotFloodTheLog) {
  for (int i = 0; i < 500; ++i) {
    const auto client = connect();
    client->send_bytes(length_prefix(-1));
    EXPECT_TRUE(client->is_closed_by_broker());
  }
  const std::string said = broker_.complaints();
  EXPECT_NE(said.find("a frame announces -1 bytes"), std::string::npos) << said;
  EXPECT_LT(std::count(said.begin(), said.end(), '\n'), 100) << "of 500 bad frames";
}

/// One request of each kind and version, filled at random: well-formed, so that it reaches its
/// handler, and nonsense. Half of them get a length that lies somewhere.
template <class M>
void collect_frames(Random& random, std::vector<std::string>& frames) {
  for (std::int16_t version = M::kVersions.min; version <= M::kVersions.max; ++version) {
    for (int round = 0; round < 10; ++round) {
      std::string frame =
          RawClient::request_bytes(wire::Codec<M>::random(random, version), version, 7);
      if (round % 2 == 1 && frame.size() > 16) {
        constexpr std::int32_t kLies[] = {INT32_MAX, INT32_MIN, -1, -2, 0, 1 << 24};
        const std::size_t at = 8 + random.below(frame.size() - 12);
        store_big_endian(frame.data() + at, kLies[random.below(std::size(kLies))]);
      }
      frames.push_back(RawClient::framed(frame));
    }
  }
}

TEST_F(HostilePort, NoRequestOfRandomContentsOrLyingLengthsDoesHarm) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    Random random(seed);
    std::vector<std::string> frames;
    wire::for_each_request(
        [&](auto type) { collect_frames<typename decltype(type)::type>(random, frames); });
    const auto bystander = connect();
    std::vector<std::unique_ptr<RawClient>> senders;
    for (const auto& frame : frames) {
      senders.push_back(connect());
      senders.back()->send_bytes(frame);
      if (senders.size() < 50) continue;
      senders.clear();
      ASSERT_TRUE(answers(*bystander)) << "the broker was hurt by one of the last 50 frames";
    }
    expect_to_serve("after-" + std::to_string(seed));
  }
  EXPECT_LT(resident_bytes(), 300 * kMiB);

  EXPECT_EQ(broker_.stop(), 0) << "it still stops cleanly";
  start();
  expect_to_serve("after-restart");
}

}  // namespace
}  // namespace millrace::process
