// Broker: a single-node Kafka broker inside this process.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "broker/broker_config.h"
#include "io/env.h"
#include "model/uuid.h"

namespace millrace::broker {

/// Runs from start() to stop() on threads of its own. When start() returns, every topic has its
/// leader, the group coordinator is loaded and the port accepts.
class Broker {
 public:
  /// Locks the data directory, recovers its logs and listens.
  /// env     outlives the broker
  /// errors  kLocked when another process has the directory; kUnsupported when a newer version
  ///         wrote it; kIo with the address when the port is taken; kCorrupt, kIo from the logs
  /// thread  any            cost  one recovery of each log whose end was not written cleanly
  static Result<std::unique_ptr<Broker>> start(io::Env& env, BrokerConfig config);

  /// Stops when stop() was not called.
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  /// Where clients connect: with port 0 configured, the port that was given.
  io::Endpoint kafka_endpoint() const;
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
