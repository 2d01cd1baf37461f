// Producer: sends records to topics. send() encodes straight into the open batch of the record's
// partition; an I/O thread of the producer's own sends whole batches, in order, and retries.
//   auto producer = Producer::create({{"bootstrap.servers", "127.0.0.1:9092"}});
//   producer->send({.topic = "clicks", .key = "alice", .value = "…"});
//   producer->flush();
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "client/properties.h"
#include "io/env.h"
#include "model/ids.h"
#include "model/record.h"

namespace millrace::client {

/// A record to be sent. Views are read before send() returns.
struct ProducerRecord {
  std::string_view topic;
  /// When not given: by the key (as Kafka's Java client places it), or sticky when there is none.
  std::optional<PartitionId> partition = {};
  std::optional<std::string_view> key = {};
  std::optional<std::string_view> value = {};
  std::span<const HeaderView> headers = {};
  Timestamp timestamp = kNoTimestamp;  // kNoTimestamp: now
};

/// What became of one batch of records that went to one partition together.
struct DeliveryReport {
  std::string_view topic;
  PartitionId partition;
  std::int32_t record_count = 0;
  Offset base_offset = kNoOffset;  // of the first record; unknown with acks=0
  Timestamp log_append_time = kNoTimestamp;
  Status status;
  /// When the records were not written: their encoded batch, for a dead letter or a retry by hand.
  std::string_view failed_batch = {};
  Millis latency{0};  // from the first record's send()
};

/// Called on the producer's I/O thread, once per batch; must not block and must not call send(),
/// flush() or close().
using DeliveryCallback = std::function<void(const DeliveryReport&)>;

struct ProducerOptions {
  DeliveryCallback on_delivery = {};
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
/// producer, also when that is moved.
class TopicHandle {
 public:
  TopicHandle() = default;

 private:
  friend class Producer;
  explicit TopicHandle(ProducerTopic* topic) : topic_(topic) {}
  ProducerTopic* topic_ = nullptr;
};

/// A value that can be moved, also while its records are under way. One that was moved from may
/// only be destroyed or assigned to; any other call aborts.
/// thread  one thread at a time calls it; metrics() from any thread
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

  TopicHandle topic(std::string_view name);

  /// Copies the record into the open batch of its partition. Waits, up to max.block.ms, for the
  /// topic's metadata and for room in buffer.memory. Success says queued, not written: the delivery
  /// callback and flush() tell that.
  /// errors  kTooLarge for more than max.request.size, kTimeout after max.block.ms,
  ///         kInvalidArgument for a partition that the topic lacks or an illegal topic name,
  ///         kClosed, the fatal error of an idempotent producer
  /// cost    one uncontended lock, no allocation
  Status send(const ProducerRecord& record) { return send(topic(record.topic), record); }
  /// The same, with the topic looked up already; record.topic is ignored.
  Status send(TopicHandle topic, const ProducerRecord& record);

  /// Sends what is buffered without lingering and waits until all of it is acknowledged or failed.
  /// errors  kTimeout when something is still under way; the first delivery failure since the
  ///         last flush()
  Status flush(Millis timeout = Millis::max());

  /// How many partitions a topic has.                      errors  kTimeout, Kafka's
  Result<std::int32_t> partition_count(std::string_view topic);

  /// flush() within `timeout`, then fails what is left and stops the I/O thread. Further calls do
  /// nothing; send() fails with kClosed.
  Status close(Millis timeout = Millis{30'000});

  ProducerMetrics metrics() const;

 private:
  class Core;
  explicit Producer(std::unique_ptr<Core> core);
  Core& core() const;

  std::unique_ptr<Core> core_;
};

}  // namespace millrace::client
