// A broker whose handlers stand behind an authorizer that allows what a test says, for tests of the
// gates: requests are encoded, dispatched and answered as those of a client.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>

#include "broker/access/authorizer.h"
#include "broker/access/gates.h"
#include "broker/testing/core_fixture.h"
#include "wire/error_codes.h"

namespace millrace::broker {

/// Allows what was allowed by name, and nothing else.
class Rules final : public Authorizer {
 public:
  void allow(Operation operation, ResourceType type, const std::string& name) {
    allowed_.emplace(operation, type, name);
  }
  void allow(Operation operation) {
    allow(operation, ResourceType::kCluster, std::string(kClusterName));
  }

  bool allows(const ConnectionState& who, Ask ask, std::string_view name) const override {
    EXPECT_EQ(who.principal.to_string(), "User:ANONYMOUS");
    return allowed_.contains({ask.operation, ask.type, std::string(name)});
  }
  bool allows_some(const ConnectionState&, Ask ask) const override {
    return std::any_of(allowed_.begin(), allowed_.end(), [&](const auto& each) {
      return std::get<0>(each) == ask.operation && std::get<1>(each) == ask.type;
    });
  }

 private:
  std::set<std::tuple<Operation, ResourceType, std::string>> allowed_;
};

/// Topics "mine" and "yours", and nothing allowed.
class GateFixture : public CoreFixture {
 protected:
  explicit GateFixture(std::int32_t brokers = 1, Adjust adjust = nullptr)
      : CoreFixture(brokers, adjust) {
    EXPECT_TRUE(core_->start_coordinators(*loop_).ok());
    guarded_.emplace(state());
    guarded_->authorizer = &rules_;
    mine_ = make_topic("mine");
    yours_ = make_topic("yours");
  }
  ~GateFixture() override { core_->stop_coordinators(); }

  static wire::KafkaError error(std::int16_t code) { return static_cast<wire::KafkaError>(code); }

  /// As a client asks: the request is encoded, passes its gate, and the answer is decoded.
  std::optional<Delivery> deliver(const Buffer& bytes) {
    Buffer frame = Buffer::copy_of(bytes.view());
    ByteReader reader(frame.view());
    const auto header = wire::decode_request_header(reader);
    EXPECT_TRUE(header.ok());
    const auto* const entry = core_->handlers().find(header->api_key);
    auto where = context(header->api_version);
    where.frame = std::move(frame);
    auto delivered = std::make_shared<std::optional<Delivery>>();
    const Status status = entry->dispatch(
        reader, std::move(where), *guarded_,
        {.correlation_id = 7,
         .deliver = [delivered](Delivery delivery) { *delivered = std::move(delivery); }});
    EXPECT_TRUE(status.ok()) << status.error().to_string();
    for (int i = 0; i < 100 && !delivered->has_value(); ++i) run_for(Millis{10});
    return std::move(*delivered);
  }
  template <class Request>
  static Buffer encoded(const Request& request, std::int16_t version) {
    auto bytes = wire::encode_request(
        {.api_version = version, .correlation_id = 7, .client_id = "test"}, request);
    EXPECT_TRUE(bytes.ok()) << bytes.error().to_string();
    return std::move(bytes).value();
  }
  template <class Response, class Request>
  Response ask(const Request& request, std::int16_t version) {
    auto delivery = deliver(encoded(request, version));
    if (!delivery || !std::holds_alternative<io::Chunks>(*delivery)) {
      ADD_FAILURE() << "no answer";
      return {};
    }
    answer_.clear();
    for (const auto& chunk : std::get<io::Chunks>(*delivery))
      answer_ += std::get<Buffer>(chunk).view();
    ByteReader reader(answer_);
    EXPECT_TRUE(wire::decode_response_header(reader, Response::kApiKey, version).ok());
    auto body = wire::decode_body<Response>(reader, version);
    EXPECT_TRUE(body.ok()) << body.error().to_string();
    return std::move(body).value();
  }

  wire::ProduceRequest produce_request(std::int16_t acks) {
    batch_ = batch_of({"value"});
    wire::ProduceRequest request;
    request.acks = acks;
    for (const auto& topic : {mine_, yours_}) {
      auto& data = request.topic_data.emplace_back();
      data.name = topic->name;
      data.topic_id = topic->id;
      data.partition_data.emplace_back().records = wire::Records(batch_.view());
    }
    return request;
  }
  Offset end_of(const Topic& topic) { return topic.partitions[0]->high_watermark(); }

  Rules rules_;
  std::optional<BrokerState> guarded_;
  std::shared_ptr<const Topic> mine_;
  std::shared_ptr<const Topic> yours_;
  Buffer batch_;
  std::string answer_;  // what the last decoded answer points into
};

}  // namespace millrace::broker
