// Producer: sends records to topics. send() encodes straight into the open batch of the record's
// partition; an I/O thread of the producer's own sends whole batches, in order, and retries.
//   auto producer = Producer::create({{"bootstrap.servers", "127.0.0.1:9092"}});
//   producer->send({.topic = "clicks", .key = "alice", .value = "…"});
//   producer->flush();
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "client/broker_outage.h"
#include "client/delivery.h"
#include "client/group_metadata.h"
#include "client/offsets.h"
#include "client/producer_record.h"
#include "client/properties.h"
#include "client/transaction_status.h"
#include "io/env.h"

namespace millrace::client {

struct ProducerOptions {
  DeliveryCallback on_delivery = {};
  OutageListener outages = {};
};

/// Counted since create().
struct ProducerMetrics {
  std::uint64_t records_sent = 0;  // acknowledged
  std::uint64_t records_failed = 0;
  std::uint64_t batches_sent = 0;
  std::uint64_t bytes_sent = 0;  // of batches, as on the wire
  std::uint64_t requests_sent = 0;
  std::uint64_t batch_retries = 0;
  std::uint64_t batch_splits = 0;
  std::uint64_t epoch_bumps = 0;
  std::uint64_t bytes_buffered = 0;  // now
  Millis blocked{0};                 // time that send() waited for room in buffer.memory
};

class ProducerTopic;

/// A topic that was looked up once, to save send() the search by name. Valid as long as its
/// producer, also when that is moved; of no use to another one.
class TopicHandle {
 public:
  TopicHandle() = default;

 private:
  friend class Producer;
  explicit TopicHandle(ProducerTopic* topic) : topic_(topic) {}
  ProducerTopic* topic_ = nullptr;
};

/// A value that can be moved, also while its records are under way, if nobody calls it meanwhile.
/// One that was moved from may only be destroyed or assigned to; any other call aborts.
///
/// thread  every function from any thread, several at a time. Records of one thread to one partition
///         keep their order; threads that send at once take turns at one lock. Destroying, moving
///         and assigning are for a thread that has the producer to itself, and not for its
///         callbacks.
class Producer {
 public:
  /// Starts the I/O thread; connects when the first record needs it.
  /// env     must outlive the producer; null: the producer makes and owns one of the machine
  /// errors  kInvalidArgument for a property, naming what was wanted
  static Result<Producer> create(const Properties& properties, ProducerOptions options = {},
                                 io::Env* env = nullptr);
  /// Closes with a time-out of zero: what was not acknowledged is reported as failed.
  ~Producer();
  Producer(Producer&&) noexcept;
  /// What was here is closed first, as by the destructor.
  Producer& operator=(Producer&&) noexcept;
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  /// Asks nobody: whether there is such a topic shows when something is sent to it.
  /// cost  a search by name; memory the first time
  TopicHandle topic(std::string_view name);

  /// Copies the record into the open batch of its partition. Waits, up to max.block.ms, for the
  /// topic's metadata and for room in buffer.memory; in a callback not at all. Success says queued,
  /// not written: callbacks and flush() tell that.
  /// errors  kTooLarge for more than max.request.size, kTimeout after max.block.ms,
  ///         kInvalidArgument for a partition that the topic lacks or an illegal topic name,
  ///         kClosed, the fatal error of an idempotent producer
  /// cost    one lock, no allocation
  Result<SendReceipt> send(const ProducerRecord& record);
  /// The same, with the topic looked up already; record.topic is ignored.
  Result<SendReceipt> send(TopicHandle topic, const ProducerRecord& record);
  /// The same, and tells the fate of this record. `on_delivery` is not called when this fails.
  /// cost    what std::function costs, and its place in the batch
  Result<SendReceipt> send(const ProducerRecord& record, RecordCallback on_delivery);
  Result<SendReceipt> send(TopicHandle topic, const ProducerRecord& record,
                           RecordCallback on_delivery);

  /// Sends the record without lingering, with what waits in the same batch, and waits until it is
  /// written.
  /// errors  those of send(); kTimeout when `timeout` is over, and then the record may still be
  ///         written; why it was not written; kInvalidArgument in a callback
  /// cost    a round trip to the broker
  Result<RecordMetadata> send_and_wait(const ProducerRecord& record, Millis timeout = kNoTimeout);
  Result<RecordMetadata> send_and_wait(TopicHandle topic, const ProducerRecord& record,
                                       Millis timeout = kNoTimeout);

  /// Sends what is buffered without lingering and waits until all that was sent before this call is
  /// acknowledged or failed, and its callbacks have returned.
  /// errors  the first failure, or exception of a callback, among them, or before them when no
  ///         flush() has told it; what send_and_wait() told is not told again. kTimeout when
  ///         something of it is still under way; kClosed; kInvalidArgument in a callback
  /// cost    a switch of thread there and back, and the wait
  Status flush(Millis timeout = kNoTimeout);

  // ── Transactions, of a producer with transactional.id ──
  // Records are sent between begin_transaction() and its end only: elsewhere send() fails with
  // kInvalidArgument, and with the error that broke the transaction once it has to be aborted.
  // Each of these waits for `timeout`, by default max.block.ms, and then fails as kRetriable while
  // it goes on; meanwhile, and until its outcome was told, every other call is kInvalidCall. In a
  // callback, and without transactional.id, all of them are kInvalidCall.

  /// Once, before everything else: ends what an earlier producer of this transactional.id left
  /// open, and fences that off.
  /// errors  kRetriable also when the cluster does not let this producer in: once it would, call
  ///         again. kFatal
  TransactionStatus init_transactions(std::optional<Millis> timeout = {});
  /// errors  kInvalidCall while a transaction is open; kAbortable, kFatal       cost  no request
  TransactionStatus begin_transaction();
  /// The offsets are committed for the group if, and when, the transaction is: what was read up to
  /// there counts as processed together with what was written. A consumer of the group reads with
  /// enable.auto.commit=false and gives its group_metadata().
  /// errors  kAbortable when the group has moved on without this consumer; kFatal
  TransactionStatus send_offsets_to_transaction(const OffsetsToCommit& offsets,
                                                const ConsumerGroupMetadata& group,
                                                std::optional<Millis> timeout = {});
  /// Flushes, and makes all records and offsets of the transaction visible at once. Asks until it
  /// is answered: a commit whose answer was lost is neither lost nor done twice.
  /// errors  kAbortable when a record or an offset is not in, with the reason: also one that send()
  ///         did not take for want of time or room; kFatal
  TransactionStatus commit_transaction(std::optional<Millis> timeout = {});
  /// Drops what was not sent, whose callbacks are told kCancelled, and takes back the rest. After
  /// it a transaction can be begun, whatever error the last one had.
  /// errors  kAbortable when it has to be called again; kFatal
  TransactionStatus abort_transaction(std::optional<Millis> timeout = {});

  /// How many partitions a topic has. Waits for its metadata the first time, as send() does.
  /// errors  kTimeout after max.block.ms, in a callback at once; kClosed; Kafka's
  /// cost    one lock when it is known; else a request
  Result<std::int32_t> partition_count(std::string_view topic);

  /// Takes no more records, does as flush() does within `timeout`, then fails what is left and
  /// disconnects. An open transaction is aborted instead, one that is being committed is waited
  /// for. Further calls of close() do nothing; send() and flush() fail with kClosed.
  /// errors  as flush(): kClosed when something was left and `timeout` is zero
  /// cost    as flush()
  Status close(Millis timeout = Millis{30'000});

  /// cost  two locks
  ProducerMetrics metrics() const;

 private:
  /// Records do not outlive delivery.timeout.ms anyway.
  static constexpr Millis kNoTimeout = Millis::max();

  class Core;
  explicit Producer(std::unique_ptr<Core> core);
  Core& core() const;

  std::unique_ptr<Core> core_;
};

}  // namespace millrace::client
