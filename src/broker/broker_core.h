// BrokerCore: everything a broker is without its sockets and threads: the data directory, the
// topics, the handlers. Tests drive it directly.
#pragma once

#include <memory>
#include <optional>

#include "base/metrics.h"
#include "base/result.h"
#include "broker/access/authorizer.h"
#include "broker/broker_config.h"
#include "broker/broker_state.h"
#include "broker/coordination/internal_topic_log.h"
#include "broker/ephemeral_directory.h"
#include "broker/fetching/fetch_sessions.h"
#include "broker/groups/group_service.h"
#include "broker/nodes/coordinators.h"
#include "broker/nodes/node_switch.h"
#include "broker/nodes/nodes.h"
#include "broker/quotas/client_quota_rates.h"
#include "broker/session/handler_table.h"
#include "broker/session/request_counters.h"
#include "broker/topics/cluster_metadata.h"
#include "broker/transactions/partition_marker_writer.h"
#include "broker/transactions/transaction_service.h"
#include "io/env.h"
#include "storage/data_directory.h"
#include "storage/group_flusher.h"

namespace millrace::broker {

class BrokerCore {
 public:
  /// Opens the data directory and all logs.
  /// errors  those of Broker::start but for the port
  static Result<std::unique_ptr<BrokerCore>> open(io::Env& env, BrokerConfig config);
  ~BrokerCore();
  BrokerCore(const BrokerCore&) = delete;
  BrokerCore& operator=(const BrokerCore&) = delete;

  BrokerState& state() { return *state_; }
  const HandlerTable& handlers() const { return handlers_; }
  const storage::DataDirectory& directory() const { return *directory_; }
  storage::DataDirectory& directory() { return *directory_; }
  ClusterMetadata& metadata() { return *metadata_; }
  Nodes& nodes() { return *nodes_; }
  const Nodes& nodes() const { return *nodes_; }
  NodeSwitch& node_switch() { return *node_switch_; }
  const MetricsRegistry& metrics() const { return metrics_; }

  /// Loads groups and transactions; `loop` runs their timers. Before the first request.
  Status start_coordinators(io::EventLoop& loop);
  /// Lets go of requests that they hold. The loop must still be there.
  void stop_coordinators();
  /// Waits until every write that was asked to be durable is, so that its answer is on its way.
  void drain_flushes() { flusher_.drain(); }

  /// Deletes what retention no longer keeps.
  void apply_retention(Timestamp now);
  /// Removes the files of deleted topics and segments that have waited for file.delete.delay.ms.
  /// cost  the file system's unlinking; nothing when nothing waits
  void remove_given_up_files(MonotonicTime now) { (void)directory_->removal().remove_due(now); }
  /// Forgets idempotent producers that were silent for producer.id.expiration.ms.
  void expire_producers(Timestamp now);
  /// Writes down from where on each log counts, and up to where it is known to be on disk. Cheap
  /// when nothing has moved.   thread  any
  Status write_checkpoints();

  /// Whether something is owed to the metadata log that its disk did not take at the start.
  bool owes() const { return metadata_->owes(); }
  /// Tries again.   errors  KAFKA_STORAGE_ERROR      thread  any
  Status settle() { return metadata_->settle(); }

  /// Closes the logs and marks the stop as clean; removes the directory of an ephemeral broker.
  /// Without it, the stop counts as unclean. No request may run any more.
  Status close();

 private:
  BrokerCore(io::Env& env, BrokerConfig config, std::unique_ptr<EphemeralDirectory> ephemeral,
             std::unique_ptr<storage::DataDirectory> directory, NodeList nodes);

  io::Env& env_;
  const BrokerConfig config_;
  std::unique_ptr<EphemeralDirectory> ephemeral_;  // null for a broker that keeps its logs
  std::unique_ptr<storage::DataDirectory> directory_;
  const std::unique_ptr<Nodes> nodes_;
  storage::GroupFlusher flusher_;
  std::unique_ptr<ClusterMetadata> metadata_;
  FetchSessions fetch_sessions_;
  std::unique_ptr<NodeSwitch> node_switch_;
  std::unique_ptr<InternalTopicLog> offsets_log_;
  std::unique_ptr<GroupService> groups_;
  std::unique_ptr<InternalTopicLog> transactions_log_;
  std::unique_ptr<PartitionMarkerWriter> markers_;
  std::unique_ptr<TransactionService> transactions_;
  ClientQuotaRates quotas_;
  HandlerTable handlers_;
  const AllowEverything authorizer_{};
  std::unique_ptr<CoordinatedHere> groups_here_;
  std::unique_ptr<CoordinatedHere> transactions_here_;
  MetricsRegistry metrics_;
  std::unique_ptr<RequestCounters> requests_;  // counts in metrics_
  std::optional<BrokerState> state_;           // from open() on
};

}  // namespace millrace::broker
