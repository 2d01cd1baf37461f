#include "tests/simulation/broker_host.h"

#include <fmt/format.h>

#include <utility>

namespace millrace::simulation {

BrokerHost::~BrokerHost() = default;

void BrokerHost::start() {
  constexpr int kAttempts = 100;
  broker::BrokerConfig config;
  config.data_directory = "/data";
  config.kafka = {kBrokerHost, kBrokerPort};
  if (run_.is_sabotaged_by(Sabotage::kBrokerNeverSyncs)) config.fsync = broker::FsyncPolicy::kNever;
  config.loops = run_.scenario.broker_loops;
  config.recovery_point_interval = Millis{5'000};
  config.log_retention_check_interval = Millis{3'000};
  config.cleaner_backoff = Millis{1'000};
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    auto started = broker::Broker::start(run_.world.host(kBrokerHost), config);
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

}  // namespace millrace::simulation
