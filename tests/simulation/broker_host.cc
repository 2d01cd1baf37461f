#include "tests/simulation/broker_host.h"

#include <fmt/format.h>

#include <utility>

namespace millrace::simulation {

BrokerHost::~BrokerHost() = default;

broker::BrokerConfig BrokerHost::config() const {
  const Scenario& scenario = run_.scenario;
  broker::BrokerConfig config;
  config.data_directory = "/data";
  config.kafka = {kBrokerHost, kBrokerPort};
  if (run_.is_sabotaged_by(Sabotage::kBrokerNeverSyncs)) config.fsync = broker::FsyncPolicy::kNever;
  config.loops = scenario.broker_loops;
  config.brokers = scenario.brokers;
  config.replication_factor = static_cast<std::int16_t>(scenario.replicas);
  if (scenario.fetch_sessions_max > 0) {
    config.fetch_sessions = {
        .sessions_max = static_cast<std::size_t>(scenario.fetch_sessions_max),
        .partitions_max = static_cast<std::size_t>(scenario.fetch_session_partitions_max),
        .eviction_age = Millis{3'000}};
  }
  config.groups.consumer_session_timeout = scenario.consumer_session_timeout;
  config.groups.consumer_heartbeat_interval = Millis{1'000};
  config.recovery_point_interval = Millis{5'000};
  config.log_retention_check_interval = Millis{3'000};
  config.cleaner_backoff = Millis{1'000};
  return config;
}

void BrokerHost::start() {
  constexpr int kAttempts = 100;
  stopped_nodes_.clear();  // a start of the process starts them all
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    auto started = broker::Broker::start(run_.world.host(kBrokerHost), config());
    if (started.ok()) {
      broker_ = std::move(started).value();
      run_.history.did("the broker runs");
      return;
    }
    run_.history.did("the broker does not start: " + started.error().to_string());
    run_.sleep(std::chrono::seconds{1});
  }
  run_.history.violated("the broker does not start any more");
}

void BrokerHost::stop_cleanly() {
  if (broker_ == nullptr) return;
  const Status stopped = broker_->stop();
  broker_.reset();
  run_.history.did("the broker was stopped" +
                   (stopped.ok() ? std::string() : ": " + stopped.error().to_string()));
}

void BrokerHost::crash(sim::SimNetwork::Kernel kernel) {
  const bool loses_tail = kernel == sim::SimNetwork::Kernel::kDies;
  if (loses_tail) run_.group.forgive_lost_tails();
  run_.world.crash(kBrokerHost, kernel);
  run_.history.did(loses_tail ? "the broker's machine lost power"
                              : "the broker's process was killed");
  if (broker_ == nullptr) return;
  undertakers_.push_back(
      run_.world.host("graveyard")
          .start_thread("undertaker", [ghost = std::shared_ptr<broker::Broker>(
                                           std::move(broker_))]() mutable { ghost.reset(); }));
}

void BrokerHost::turn_node(BrokerId node) {
  if (broker_ == nullptr) return;
  const bool stops = !stopped_nodes_.contains(node);
  const Status turned = stops ? broker_->stop_node(node) : broker_->start_node(node);
  const std::string what = fmt::format("node {} {}", node, stops ? "stops" : "starts again");
  if (!turned.ok()) return run_.history.did(what + " not: " + turned.error().to_string());
  if (stops) {
    stopped_nodes_.insert(node);
  } else {
    stopped_nodes_.erase(node);
  }
  run_.history.did(what);
}

}  // namespace millrace::simulation
