// A broker without threads or sockets, on simulated files and virtual time, for tests of handlers.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/broker_core.h"
#include "broker/handlers/handlers.h"
#include "broker/topics/topic_catalogue.h"
#include "sim/sim_env.h"
#include "wire/messages/produce.h"
#include "wire/record_batch_builder.h"

namespace millrace::broker {

/// Where a parked handler's answer lands.
template <class Response>
struct Caught {
  std::optional<Outcome<Response>> outcome;

  bool is_answered() const { return outcome.has_value(); }
  Response& response() { return std::get<Answer<Response>>(*outcome).response; }
  std::vector<io::FileSlice>& files() { return std::get<Answer<Response>>(*outcome).files; }
  bool has_closed() const {
    return outcome.has_value() && std::holds_alternative<CloseConnection>(*outcome);
  }
  bool is_silent() const {
    return outcome.has_value() && std::holds_alternative<NoReply>(*outcome);
  }
};

class CoreFixture : public ::testing::Test {
 protected:
  /// Brings the configuration to what a test needs; null: it stays as it is.
  using Adjust = void (*)(BrokerConfig&);
  explicit CoreFixture(std::int32_t brokers = 1, Adjust adjust = nullptr)
      : brokers_(brokers), adjust_(adjust) {
    open();
  }

  BrokerState& state() { return core_->state(); }

  void open() {
    BrokerConfig config;
    config.data_directory = "/data";
    config.fsync = fsync_;
    config.brokers = brokers_;
    if (adjust_ != nullptr) adjust_(config);
    auto core = BrokerCore::open(env(), config);
    ASSERT_TRUE(core.ok()) << core.error().to_string();
    core_ = std::move(core).value();
  }
  /// As after SIGTERM.
  void restart_cleanly() {
    const auto status = core_->close();
    ASSERT_TRUE(status.ok()) << status.error().to_string();
    core_.reset();
    open();
  }
  /// As after SIGKILL: nothing is closed, but what was written stays.
  void restart_after_kill() {
    core_.reset();
    open();
  }

  RequestContext context(std::int16_t version) {
    RequestContext context;
    context.api_version = version;
    context.node = node_;
    context.connection = connection_;
    context.wall = env().clock().wall();
    context.now = env().clock().monotonic();
    context.loop = loop_.get();
    return context;
  }

  template <class Request, class Response>
  Response call(Response (*handle)(Request, const RequestContext&, BrokerState&),
                std::type_identity_t<Request> request, std::int16_t version) {
    return handle(std::move(request), context(version), state());
  }

  template <class Request, class Response>
  std::shared_ptr<Caught<Response>> call(void (*handle)(Request, RequestContext, BrokerState&,
                                                        Responder<Response>),
                                         std::type_identity_t<Request> request,
                                         std::int16_t version, Buffer frame = {}) {
    auto caught = std::make_shared<Caught<Response>>();
    auto where = context(version);
    where.frame = std::move(frame);
    handle(std::move(request), std::move(where), state(),
           Responder<Response>(
               [caught](Outcome<Response> outcome) { caught->outcome = std::move(outcome); }));
    return caught;
  }

  std::shared_ptr<const Topic> make_topic(const std::string& name, std::int32_t partitions = 1,
                                          TopicConfigs configs = {}) {
    auto topic = state().topics.create({name, partitions, std::move(configs)});
    EXPECT_TRUE(topic.ok()) << topic.error().to_string();
    return topic.ok() ? topic.value() : nullptr;
  }

  /// A batch of records that hold `values`, timestamped `timestamp`, +1, +2, …
  Buffer batch_of(const std::vector<std::string>& values, wire::BatchOptions options = {},
                  std::optional<Timestamp> timestamp = std::nullopt) {
    wire::RecordBatchBuilder builder(options);
    Timestamp at = timestamp.value_or(env().clock().wall());
    for (const auto& value : values) {
      builder.append(at, std::nullopt, std::string_view(value));
      at = Timestamp{at.value() + 1};
    }
    return builder.build();
  }

  Result<storage::AppendResult> append(const std::string& topic, std::int32_t partition,
                                       Buffer batch) {
    return state()
        .topics.table()
        ->find_partition(topic, partition)
        ->append({batch.data(), batch.size()}, env().clock().wall());
  }

  std::shared_ptr<Caught<wire::ProduceResponse>> produce(const std::string& topic,
                                                         const Buffer& batch,
                                                         std::int16_t acks = -1,
                                                         std::int16_t version = 9) {
    wire::ProduceRequest request;
    request.acks = acks;
    auto& data = request.topic_data.emplace_back();
    data.name = topic;
    Buffer frame = Buffer::copy_of(batch.view());
    data.partition_data.emplace_back().records = wire::Records(frame.view());
    return call(&handle_produce, std::move(request), version, std::move(frame));
  }

  sim::SimEnv& env() { return world_.host("broker"); }
  void run_for(Millis time) { world_.scheduler().run_for(time); }

  /// Requests come to this node.
  void come_to(BrokerId node) {
    node_ = node;
    connection_ = std::make_shared<ConnectionState>(
        ConnectionState{.node = node, .local = {"127.0.0.1", 9092}, .peer = {"127.0.0.1", 50000}});
  }

  BrokerId node_{1};
  std::shared_ptr<ConnectionState> connection_ = std::make_shared<ConnectionState>(
      ConnectionState{.node = node_, .local = {"127.0.0.1", 9092}, .peer = {"127.0.0.1", 50000}});
  FsyncPolicy fsync_ = FsyncPolicy::kNever;
  std::int32_t brokers_;
  const Adjust adjust_;
  sim::SimWorld world_{1};
  std::unique_ptr<io::EventLoop> loop_ = world_.host("broker").make_loop();
  std::unique_ptr<BrokerCore> core_;
};

}  // namespace millrace::broker
