// EmbeddedCluster: a broker on a free port that forgets everything, for tests of the whole way; or
// several over one log.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "broker/broker.h"
#include "client/admin.h"
#include "client/consumer.h"
#include "client/producer.h"
#include "io/env.h"

namespace millrace::e2e {

class EmbeddedCluster {
 public:
  explicit EmbeddedCluster(std::int32_t brokers = 1) : env_(io::make_system_env()) {
    broker::BrokerConfig config;
    config.brokers = brokers;
    config.replication_factor = static_cast<std::int16_t>(std::min(brokers, 3));
    config.ephemeral = true;
    config.kafka = {"127.0.0.1", 0};
    config.loops = 1;
    config.groups.consumer_heartbeat_interval = Millis{50};
    auto started = broker::Broker::start(*env_, config);
    EXPECT_TRUE(started.ok()) << (started.ok() ? "" : started.error().to_string());
    broker_ = std::move(started).value();
  }

  io::Env& env() { return *env_; }
  /// All brokers, so that one that stops at once is not the only way in.
  client::Properties properties() const {
    std::string servers;
    for (const io::Endpoint& endpoint : broker_->kafka_endpoints())
      servers += (servers.empty() ? "" : ",") + endpoint.to_string();
    return {{"bootstrap.servers", servers}};
  }
  client::Properties group_properties(const std::string& group) const {
    client::Properties properties = this->properties();
    properties.set("group.id", group)
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.commit", "false")
        .set("heartbeat.interval.ms", "50");
    return properties;
  }

  void create_topic(const std::string& name, std::int32_t partitions) {
    auto admin = client::Admin::create(properties(), env_.get());
    ASSERT_TRUE(admin.ok()) << admin.error().to_string();
    const auto outcomes = admin->create_topics({{.name = name, .partitions = partitions}});
    ASSERT_TRUE(outcomes.ok()) << outcomes.error().to_string();
    const auto& outcome = outcomes->at(name);
    ASSERT_TRUE(outcome.ok()) << outcome.error().to_string();
  }

  broker::Broker& broker() { return *broker_; }

 private:
  std::unique_ptr<io::Env> env_;
  std::unique_ptr<broker::Broker> broker_;
};

}  // namespace millrace::e2e
