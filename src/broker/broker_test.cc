// The broker as a client sees it: over sockets, with good and with bad bytes.
#include "broker/broker.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "broker/testing/raw_client.h"
#include "wire/error_codes.h"
#include "wire/messages/api_versions.h"
#include "wire/messages/fetch.h"
#include "wire/messages/metadata.h"
#include "wire/messages/produce.h"
#include "wire/record_batch_builder.h"

namespace millrace::broker {
namespace {

class ThreeBrokersOverTheWire : public ::testing::Test {
 protected:
  static BrokerConfig config() {
    BrokerConfig config;
    config.ephemeral = true;
    config.kafka = {"127.0.0.1", 0};
    config.loops = 2;
    config.brokers = 3;
    return config;
  }
  std::unique_ptr<io::Env> env_ = io::make_system_env();
};

TEST_F(ThreeBrokersOverTheWire, EachListensOnItsPortAndNamesTheOthers) {
  const auto broker = Broker::start(*env_, config());
  ASSERT_TRUE(broker.ok()) << broker.error().to_string();
  const auto endpoints = (*broker)->kafka_endpoints();
  ASSERT_EQ(endpoints.size(), 3U);
  for (const auto& endpoint : endpoints) {
    RawClient client(endpoint);
    const auto metadata = client.call<wire::MetadataResponse>(wire::MetadataRequest{}, 9);
    ASSERT_TRUE(metadata.has_value());
    ASSERT_EQ(metadata->brokers.size(), 3U);
    for (std::size_t index = 0; index < 3; ++index) {
      EXPECT_EQ(metadata->brokers[index].node_id, static_cast<std::int32_t>(index) + 1);
      EXPECT_EQ(metadata->brokers[index].port, endpoints[index].port);
    }
  }
}

TEST_F(ThreeBrokersOverTheWire, AreFoundWhereTheyAdvertise) {
  auto behind_proxy = config();
  behind_proxy.advertised = {"proxy.example.org", 19'092};
  const auto broker = Broker::start(*env_, behind_proxy);
  ASSERT_TRUE(broker.ok()) << broker.error().to_string();
  RawClient client((*broker)->kafka_endpoint());
  const auto metadata = client.call<wire::MetadataResponse>(wire::MetadataRequest{}, 9);
  ASSERT_EQ(metadata->brokers.size(), 3U);
  EXPECT_EQ(metadata->brokers[2].host, "proxy.example.org");
  EXPECT_EQ(metadata->brokers[2].port, 19'094);
}

TEST_F(ThreeBrokersOverTheWire, OneThatStopsEndsItsConnectionsAndListensAgainOnceItIsStarted) {
  const auto broker = Broker::start(*env_, config());
  ASSERT_TRUE(broker.ok()) << broker.error().to_string();
  const auto endpoint = (*broker)->kafka_endpoints()[1];
  const auto brokers_seen_by = [](RawClient& client) {
    return client.call<wire::MetadataResponse>(wire::MetadataRequest{}, 9)->brokers.size();
  };
  RawClient other((*broker)->kafka_endpoints()[0]);
  RawClient of_it(endpoint);
  EXPECT_EQ(brokers_seen_by(of_it), 3U);

  ASSERT_TRUE((*broker)->stop_node(BrokerId{2}).ok());
  EXPECT_TRUE(of_it.is_closed_by_broker());
  EXPECT_EQ(brokers_seen_by(other), 2U);
  EXPECT_FALSE(RawClient::can_connect(endpoint));

  ASSERT_TRUE((*broker)->start_node(BrokerId{2}).ok());
  RawClient again(endpoint);
  EXPECT_EQ(brokers_seen_by(again), 3U);
}

TEST_F(ThreeBrokersOverTheWire, OneWhosePortWasTakenMeanwhileDoesNotStart) {
  const auto broker = Broker::start(*env_, config());
  ASSERT_TRUE(broker.ok()) << broker.error().to_string();
  ASSERT_TRUE((*broker)->stop_node(BrokerId{3}).ok());
  auto squatter = config();
  squatter.brokers = 1;
  squatter.kafka = (*broker)->kafka_endpoints()[2];
  auto other = Broker::start(*env_, squatter);
  ASSERT_TRUE(other.ok()) << other.error().to_string();

  const auto refused = (*broker)->start_node(BrokerId{3});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(wire::kafka_error_of(refused.error()), wire::KafkaError::kBrokerNotAvailable);
  other->reset();
  const auto started = (*broker)->start_node(BrokerId{3});
  EXPECT_TRUE(started.ok()) << started.error().to_string();
}

class BrokerOverTheWire : public ::testing::Test {
 protected:
  BrokerOverTheWire() {
    set_log_level(LogLevel::kOff);
    BrokerConfig config;
    config.ephemeral = true;
    config.kafka = {"127.0.0.1", 0};
    config.loops = 2;
    broker_ = start(config);
  }
  ~BrokerOverTheWire() override {
    broker_.reset();
    set_log_level(LogLevel::kWarn);
  }

  std::unique_ptr<Broker> start(const BrokerConfig& config) {
    auto broker = Broker::start(*env_, config);
    EXPECT_TRUE(broker.ok()) << broker.error().to_string();
    return broker.ok() ? std::move(broker).value() : nullptr;
  }
  RawClient connect() { return RawClient(broker_->kafka_endpoint()); }

  static bool answers(RawClient& client) {
    return client.call<wire::ApiVersionsResponse>(wire::ApiVersionsRequest{"t", "1"}, 3)
        .has_value();
  }
  static wire::MetadataRequest ask_for(const std::string& topic) {
    wire::MetadataRequest request;
    request.topics->push_back({{}, topic});
    return request;
  }
  static Buffer batch_of(std::string_view value) {
    wire::RecordBatchBuilder builder;
    builder.append(SystemClock().wall(), std::nullopt, value);
    return builder.build();
  }
  static wire::ProduceRequest produce_to(const std::string& topic, std::string_view batch,
                                         std::int16_t acks) {
    wire::ProduceRequest request;
    request.acks = acks;
    auto& data = request.topic_data.emplace_back();
    data.name = topic;
    data.partition_data.emplace_back().records = wire::Records(batch);
    return request;
  }
  static wire::FetchRequest fetch_from(const std::string& topic, std::int32_t max_wait_ms) {
    wire::FetchRequest request;
    request.max_wait_ms = max_wait_ms;
    request.min_bytes = 1;
    auto& wanted = request.topics.emplace_back();
    wanted.topic = topic;
    wanted.partitions.emplace_back().partition_max_bytes = 1 << 20;
    return request;
  }

  std::unique_ptr<io::Env> env_ = io::make_system_env();
  std::unique_ptr<Broker> broker_;
};

std::string bytes_of(std::initializer_list<int> values) {
  std::string bytes;
  for (const int value : values) bytes.push_back(static_cast<char>(value));
  return bytes;
}

TEST_F(BrokerOverTheWire, BadBytesCostOnlyTheirOwnConnection) {
  struct Case {
    std::string what, bytes;
  };
  const std::string good = RawClient::request_bytes(ask_for("t"), 12, 1);
  const std::vector<Case> cases{
      {"a negative length", bytes_of({0xff, 0xff, 0xff, 0xff})},
      {"a length over the limit", bytes_of({0x7f, 0xff, 0xff, 0xff, 1, 2, 3})},
      {"an empty frame", RawClient::framed("")},
      {"half a header", RawClient::framed(bytes_of({0, 3, 0}))},
      {"an unknown key", RawClient::framed(bytes_of({0x03, 0xe7, 0, 0, 0, 0, 0, 1, 0xff, 0xff}))},
      {"a negative key", RawClient::framed(bytes_of({0xff, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff}))},
      {"an unknown version", RawClient::framed(bytes_of({0, 3, 0, 99, 0, 0, 0, 1, 0xff, 0xff}))},
      {"a version no longer served", RawClient::framed(bytes_of({0, 0, 0, 2, 0, 0, 0, 1, 0, 0}))},
      {"a body cut short", RawClient::framed(good.substr(0, good.size() - 3))},
      {"a client id that lies", RawClient::framed(bytes_of({0, 3, 0, 1, 0, 0, 0, 1, 0x7f, 0xff}))},
      {"an array that lies",
       RawClient::framed(bytes_of({0, 3, 0, 1, 0, 0, 0, 1, 0, 0, 0x7f, 0xff, 0xff, 0xff}))},
  };
  auto bystander = connect();
  ASSERT_TRUE(answers(bystander));
  for (const auto& each : cases) {
    auto client = connect();
    client.send_bytes(each.bytes);
    EXPECT_TRUE(client.is_closed_by_broker()) << each.what;
    EXPECT_TRUE(answers(bystander)) << each.what;
  }
}

TEST_F(BrokerOverTheWire, SurvivesRandomFramesAndDamagedRequests) {
  Random random(42);
  auto bystander = connect();
  const std::string good = RawClient::request_bytes(ask_for("t"), 12, 1);
  for (int round = 0; round < 300; ++round) {
    std::string frame = good;
    if (random.chance(0.5)) {
      frame.resize(random.below(64));
      for (char& byte : frame) byte = static_cast<char>(random.below(256));
      if (frame.size() > 1) frame[0] = 0;  // so that it is often a key that is served
      if (frame.size() > 1) frame[1] = static_cast<char>(random.below(64));
      if (frame.size() > 3) frame[2] = 0;
      if (frame.size() > 3) frame[3] = static_cast<char>(random.below(10));
    } else {
      frame[random.below(frame.size())] = static_cast<char>(random.below(256));
    }
    auto client = connect();
    client.send_frame(frame);
    const bool is_time_to_ask = round % 20 == 0;
    EXPECT_TRUE(!is_time_to_ask || answers(bystander)) << "round " << round;
  }
  EXPECT_TRUE(answers(bystander));
}

TEST_F(BrokerOverTheWire, AnUnknownApiVersionsVersionIsAnsweredInVersionZero) {
  auto client = connect();
  client.send_frame(bytes_of({0, 18, 0, 99, 0, 0, 0, 7, 0xff, 0xff, 0, 1, 2, 3}));
  std::string frame;

  const auto response = client.receive_response<wire::ApiVersionsResponse>(0, frame);

  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->error_code, 35);
  EXPECT_FALSE(response->api_keys.empty());
  EXPECT_TRUE(answers(client));
}

TEST_F(BrokerOverTheWire, PipelinedRequestsAreAnsweredInOrder) {
  auto client = connect();
  std::string burst;
  for (int id = 0; id < 50; ++id)
    burst += RawClient::framed(RawClient::request_bytes(ask_for("t"), 12, id));
  client.send_bytes(burst);
  std::string frame;
  for (int id = 0; id < 50; ++id)
    ASSERT_TRUE(client.receive_response<wire::MetadataResponse>(12, frame, id).has_value());
}

TEST_F(BrokerOverTheWire, AProducedRecordWakesTheFetchThatWaits) {
  auto producer = connect();
  auto consumer = connect();
  ASSERT_TRUE(producer.call<wire::MetadataResponse>(ask_for("t"), 12).has_value());
  consumer.send_request(fetch_from("t", 30'000), 12);
  const auto batch = batch_of("hello");

  const auto produced = producer.call<wire::ProduceResponse>(produce_to("t", batch.view(), -1), 9);

  ASSERT_TRUE(produced.has_value());
  EXPECT_EQ(produced->responses[0].partition_responses[0].error_code, 0);
  std::string frame;
  const auto fetched = consumer.receive_response<wire::FetchResponse>(12, frame);
  ASSERT_TRUE(fetched.has_value());
  EXPECT_EQ(fetched->responses[0].partitions[0].records.bytes.size(), batch.size());
}

TEST_F(BrokerOverTheWire, LargeFetchesArriveWhole) {
  auto client = connect();
  ASSERT_TRUE(client.call<wire::MetadataResponse>(ask_for("t"), 12).has_value());
  const auto batch = batch_of(std::string(300'000, 'x'));
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(
        client.call<wire::ProduceResponse>(produce_to("t", batch.view(), 1), 9).has_value());

  std::string frame;
  client.send_request(fetch_from("t", 0), 12);
  const auto fetched = client.receive_response<wire::FetchResponse>(12, frame);

  ASSERT_TRUE(fetched.has_value());
  const auto& records = fetched->responses[0].partitions[0].records;
  ASSERT_EQ(records.bytes.size(), 3 * batch.size());
  EXPECT_EQ(records.bytes.substr(61, 200), batch.view().substr(61, 200));
}

TEST_F(BrokerOverTheWire, AcksZeroIsNotAnswered) {
  auto client = connect();
  ASSERT_TRUE(client.call<wire::MetadataResponse>(ask_for("t"), 12).has_value());
  const auto batch = batch_of("hello");
  client.send_request(produce_to("t", batch.view(), 0), 9, 1);
  client.send_request(fetch_from("t", 10'000), 12, 2);
  std::string frame;
  EXPECT_TRUE(client.receive_response<wire::FetchResponse>(12, frame, 2).has_value());
}

TEST_F(BrokerOverTheWire, ThePortOfAnotherBrokerIsRefused) {
  BrokerConfig config;
  config.ephemeral = true;
  config.kafka = broker_->kafka_endpoint();
  config.loops = 2;

  const auto second = Broker::start(*env_, config);

  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kIo);
  EXPECT_NE(second.error().message.find(config.kafka.to_string()), std::string::npos)
      << second.error().message;
}

TEST_F(BrokerOverTheWire, StopEndsConnectionsAndRemovesWhatIsEphemeral) {
  const std::string directory = broker_->data_directory();
  EXPECT_TRUE(std::filesystem::exists(directory));
  auto idle = connect();
  ASSERT_TRUE(answers(idle));
  auto waiting = connect();
  ASSERT_TRUE(waiting.call<wire::MetadataResponse>(ask_for("t"), 12).has_value());
  waiting.send_request(fetch_from("t", 60'000), 12);

  EXPECT_TRUE(broker_->stop().ok());

  EXPECT_TRUE(idle.is_closed_by_broker());
  EXPECT_TRUE(waiting.is_closed_by_broker());
  EXPECT_FALSE(std::filesystem::exists(directory));
}

BrokerConfig with_idle_max(Millis idle_max) {
  BrokerConfig config;
  config.ephemeral = true;
  config.kafka = {"127.0.0.1", 0};
  config.connections_max_idle = idle_max;
  return config;
}

TEST_F(BrokerOverTheWire, AnIdleConnectionIsClosed) {
  const auto broker = start(with_idle_max(Millis{50}));
  RawClient client(broker->kafka_endpoint());
  EXPECT_TRUE(client.is_closed_by_broker());
}

TEST_F(BrokerOverTheWire, ManyClientsAtOnceAreServed) {
  std::vector<std::thread> clients;
  std::atomic<int> acknowledged = 0;
  {
    auto client = connect();
    ASSERT_TRUE(client.call<wire::MetadataResponse>(ask_for("t"), 12).has_value());
  }
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      auto client = connect();
      for (int n = 0; n < 50; ++n) {
        const auto batch = batch_of("hello");
        const auto response =
            client.call<wire::ProduceResponse>(produce_to("t", batch.view(), -1), 9);
        if (response.has_value() && response->responses[0].partition_responses[0].error_code == 0)
          ++acknowledged;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(acknowledged, 400);
}

}  // namespace
}  // namespace millrace::broker
