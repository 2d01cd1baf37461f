// RecordAccumulator: where send() encodes records into the open batch of their partition, and where
// the I/O thread picks up batches that are full or have lingered.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "client/config/client_config.h"
#include "client/partitioner.h"
#include "client/producer.h"
#include "client/producer/producer_batch.h"
#include "io/env.h"

namespace millrace::client {

/// A topic that records were sent to. Lives as long as the producer.
class ProducerTopic {
 public:
  ProducerTopic(std::string name, std::size_t sticky_bytes)
      : name_(std::move(name)), partitioner_(sticky_bytes) {}
  const std::string& name() const { return name_; }

 private:
  friend class RecordAccumulator;
  struct Slot {
    ProducerBatchPtr open;
    std::deque<ProducerBatchPtr> closed;
  };

  const std::string name_;
  // Guarded by the accumulator's mutex.
  std::vector<Slot> slots_;  // by partition; empty while the topic's metadata is unknown
  StickyPartitioner partitioner_;
};

/// A batch that leaves the accumulator.
struct LeavingBatch {
  ProducerTopic* topic;
  PartitionId partition;
  ProducerBatchPtr batch;
};

/// thread  any; each call takes the mutex once
class RecordAccumulator {
 public:
  /// config, env  outlive this
  RecordAccumulator(const ProducerConfig& config, io::Env& env)
      : config_(config),
        clock_(env.clock()),
        room_made_(env.make_condition()),
        random_(env.make_random()) {}

  enum class Outcome { kAppended, kNoMetadata, kNoRoom, kNoSuchPartition, kTooLarge, kClosed };
  struct Appended {
    Outcome outcome = Outcome::kAppended;
    bool wake_sender = false;  // there is something for take_due(), or a new deadline
  };
  /// Looks at the clock only when it opens a batch.
  Appended append(ProducerTopic& topic, const ProducerRecord& record, Timestamp timestamp,
                  const Clock& clock);

  /// Waits until room was made since, or `timeout` has passed.
  void wait_for_room(std::size_t bytes, Millis timeout);
  void release(std::size_t bytes);
  void set_partition_count(ProducerTopic& topic, std::int32_t count);
  std::int32_t partition_count(const ProducerTopic& topic);

  /// Takes closed batches, and open ones that have lingered (all of them while flushing) and whose
  /// partition is hungry: it could send them at once. Others go on filling.
  using IsHungry = std::function<bool(ProducerTopic&, PartitionId)>;
  std::vector<LeavingBatch> take_due(MonotonicTime now, const IsHungry& is_hungry);
  /// When an open batch will have lingered.
  std::optional<MonotonicTime> next_linger_end();
  void set_flushing(bool flushing);
  bool empty();
  std::size_t buffered_bytes();
  /// No record is taken any more; the first reason given stays.
  void close(Error reason);
  Error why_closed();

 private:
  struct Filling {
    ProducerTopic* topic;
    PartitionId partition;
  };
  PartitionId choose_partition(ProducerTopic& topic, const ProducerRecord& record,
                               std::size_t size);
  ProducerBatchPtr open_batch(std::size_t first_record_size, const Clock& clock) const;

  const ProducerConfig& config_;
  const Clock& clock_;
  std::mutex mutex_;
  const std::unique_ptr<io::Condition> room_made_;
  Random random_;
  std::vector<Filling> filling_;  // partitions that hold an open or a closed batch, in that order
  std::size_t buffered_bytes_ = 0;
  int waiting_for_room_ = 0;
  bool sender_is_awake_ = false;  // it was told, and has not called take_due() since
  bool flushing_ = false;
  std::optional<Error> closed_;
};

}  // namespace millrace::client
