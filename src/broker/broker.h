// Broker: a Kafka broker inside this process, or several over one log.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "broker/broker_config.h"
#include "io/env.h"
#include "model/ids.h"
#include "model/uuid.h"

namespace millrace::broker {

/// Runs from start() to stop() on threads of its own. When start() returns, every topic has its
/// leader, the group coordinator is loaded and the port accepts.
class Broker {
 public:
  /// Locks the data directory, recovers its logs and listens.
  /// env     outlives the broker
  /// errors  kInvalidArgument: those of plan_nodes(); kLocked when another process has the directory; kUnsupported when a newer version
  ///         wrote it; kIo with the address when the port is taken; kCorrupt, kIo from the logs
  /// thread  any            cost  one recovery of each log whose end was not written cleanly
  static Result<std::unique_ptr<Broker>> start(io::Env& env, BrokerConfig config);

  /// Stops when stop() was not called.
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  /// Where clients connect: with port 0 configured, the port that was given. Of several brokers the
  /// first.
  io::Endpoint kafka_endpoint() const;
  /// Of every broker, in order of their ids.
  std::vector<io::Endpoint> kafka_endpoints() const;
  /// What clients are told to connect to instead; empty when they are told what they came by.
  std::vector<io::Endpoint> advertised_endpoints() const;
  /// Stops and starts one of several brokers, as an administrator would: its clients lose it, what
  /// it led is led by others, and back. A start of the process starts all.
  /// errors  kKafka: those of NodeSwitch::stop() and start()
  /// thread  any but the broker's own; waits until it is done
  Status stop_node(BrokerId node);
  Status start_node(BrokerId node);
  const Uuid& cluster_id() const;
  /// Where the logs are; of an ephemeral broker, the temporary directory.
  const std::string& data_directory() const;
  /// Counters of the broker, in Prometheus' text format.   thread  any, after stop() too
  std::string metrics_text() const;

  /// Ends connections, flushes and closes the logs, and marks the stop as clean. A second call
  /// does nothing.
  /// errors  kDiskFull, kIo: the stop is not marked as clean, so the next start recovers
  /// thread  any but the broker's own
  Status stop();

 private:
  class Runtime;
  explicit Broker(std::unique_ptr<Runtime> runtime);

  std::unique_ptr<Runtime> runtime_;
};

}  // namespace millrace::broker
