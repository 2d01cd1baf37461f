// TransactionService: the shell around TransactionCoordinator. It hands requests in, appends the
// records that come out to `__transaction_state`, has markers written, wakes the coordinator when a
// time-out is due, and gives each reply to the handler that asked.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/result.h"
#include "base/time.h"
#include "broker/coordination/coordinator_log.h"
#include "broker/producer_ids.h"
#include "broker/session/responder.h"
#include "broker/transactions/marker_writer.h"
#include "broker/transactions/transaction_config.h"
#include "broker/transactions/transaction_effects.h"
#include "io/event_loop.h"
#include "model/topic_pattern.h"

namespace millrace::broker {

/// Replies come from any thread, also from inside the call, and never while a lock is held.
/// thread  everything from any thread, except load(), which comes first, and the destructor
class TransactionService {
 public:
  /// All but config must outlive the service. `loop` runs the timers and must be running, or about
  /// to; it must have stopped, or run the destructor itself, when the service goes.
  TransactionService(const TransactionConfig& config, CoordinatorLog& log, MarkerWriter& markers,
                     ProducerIds& producer_ids, io::EventLoop& loop, const Clock& clock);
  ~TransactionService();
  TransactionService(const TransactionService&) = delete;
  TransactionService& operator=(const TransactionService&) = delete;

  /// Rebuilds all transactions from the log, and carries out what had been decided. Call once,
  /// before the first request; the groups come first, which markers tell of committed offsets.
  /// errors  what reading the log meets; a record that does not decode is logged and skipped
  Status load();
  /// Lets go of what is still parked, and of later requests: their connections close, and the
  /// clients look for a broker again. Call it before the logs close.
  void stop();

  /// The feature transaction.version has another level.
  void set_version(std::int16_t version);

  /// request  has a transactional id
  void init_producer_id(wire::InitProducerIdRequest request,
                        Responder<wire::InitProducerIdResponse> reply);
  void add_partitions(wire::AddPartitionsToTxnRequest request, std::int16_t api_version,
                      Responder<wire::AddPartitionsToTxnResponse> reply);
  /// offsets  the partition of `__consumer_offsets` that keeps the group's
  void add_offsets(wire::AddOffsetsToTxnRequest request, TopicPartition offsets,
                   std::int16_t api_version, Responder<wire::AddOffsetsToTxnResponse> reply);
  /// Asks, before something is written for a producer, whether it belongs to its transaction.
  void enlist(EnlistRequest request, Responder<EnlistResponse> reply);
  void end(wire::EndTxnRequest request, std::int16_t api_version,
           Responder<wire::EndTxnResponse> reply);
  void describe(wire::DescribeTransactionsRequest request,
                Responder<wire::DescribeTransactionsResponse> reply);
  /// ids  the request's pattern of ids, compiled; nothing when it has none
  void list(wire::ListTransactionsRequest request, std::optional<TopicPattern> ids,
            Responder<wire::ListTransactionsResponse> reply);

 private:
  class Shell;
  std::shared_ptr<Shell> shell_;  // shared with append callbacks, markers and posted tasks
};

}  // namespace millrace::broker
