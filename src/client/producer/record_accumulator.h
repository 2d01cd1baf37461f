// RecordAccumulator: where send() encodes records into the open batch of their partition, and where
// the I/O thread picks up batches that are full or have lingered.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "client/config/client_config.h"
#include "client/delivery.h"
#include "client/partitioner.h"
#include "client/producer/producer_batch.h"
#include "client/producer_record.h"
#include "io/env.h"

namespace millrace::client {

/// A topic that records were sent to. Lives as long as the accumulator.
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

/// Whether a record waits for others to share its batch.
enum class Urgency { kLinger, kNow };

struct AppendOptions {
  /// Moved into the batch when the record is taken, and only then; null: nobody asks.
  RecordCallback* on_delivery = nullptr;
  RecordWaiter::Kind kind = RecordWaiter::Kind::kListens;
  Urgency urgency = Urgency::kLinger;
};

/// Invariants: records of a partition leave in the order in which they were taken. buffered_bytes_
/// is the sum of the budgets of all batches that are not finished, here or with the sender; their
/// ids are in unfinished_, so its first says how far everything has been dealt with. Nothing is
/// waited for and no function of an application is called with the mutex held.
/// thread  any; each call takes the mutex once
class RecordAccumulator {
 public:
  /// config, env  outlive this
  RecordAccumulator(const ProducerConfig& config, io::Env& env)
      : config_(config),
        clock_(env.clock()),
        room_made_(env.make_condition()),
        memory_(std::make_shared<BufferPool>(config.buffer_memory_bytes)),
        random_(env.make_random()) {}

  enum class Outcome { kAppended, kNoMetadata, kNoRoom, kNoSuchPartition, kTooLarge, kClosed };
  struct Appended {
    Outcome outcome = Outcome::kAppended;
    bool wake_sender = false;  // there is something for take_due(), or a new deadline
    ProducerTopic* topic = nullptr;
    SendReceipt receipt;  // when it was appended
  };
  /// topic  null: the one that the record names
  Appended append(ProducerTopic* topic, const ProducerRecord& record, const Clock& clock,
                  const AppendOptions& options = {});
  /// The same one for the same name.
  ProducerTopic& topic(std::string_view name);

  /// Waits until there is room for a batch that begins with a record of `bytes`, or the accumulator
  /// was closed, or `timeout` has passed. Nothing lingers meanwhile.
  /// wake_sender  called once that is so: whoever was woken before would let things linger, and
  ///              not be woken again
  void wait_for_room(std::size_t bytes, Millis timeout, const std::function<void()>& wake_sender);
  /// A batch, or its last part, is dealt with: `bytes` of its budget are free again.
  void finish(BatchId batch, std::size_t bytes);
  /// A batch was halved: it is finished once more than before.
  void add_part(BatchId batch);
  void set_partition_count(ProducerTopic& topic, std::int32_t count);
  std::int32_t partition_count(const ProducerTopic& topic);

  /// Takes closed batches, and open ones that have lingered (all of them while flushing) and whose
  /// partition is hungry: it could send them at once. Others go on filling.
  using IsHungry = std::function<bool(ProducerTopic&, PartitionId)>;
  std::vector<LeavingBatch> take_due(MonotonicTime now, const IsHungry& is_hungry);
  /// When the next open batch will have lingered. What has lingered by `now` and still is here
  /// waits for an answer, not for the clock.
  std::optional<MonotonicTime> next_linger_end(MonotonicTime now);
  /// Until end_flush() nothing lingers. Gives the batch that the next one to be opened will be:
  /// what was sent before is in earlier ones. Several flushes may be under way.
  BatchId begin_flush();
  void end_flush();
  /// Whether every batch before `end` is finished.
  bool has_finished_before(BatchId end);
  std::size_t buffered_bytes();
  /// Whether any batch is not finished.
  bool has_unfinished();
  /// No record is taken until open(), and nothing lingers.
  void shut(Error reason);
  void open();
  /// No record is taken any more; the first reason given stays.
  void close(Error reason);
  Error why_closed();

 private:
  struct Filling {
    ProducerTopic* topic;
    PartitionId partition;
  };
  // With the mutex held:
  ProducerTopic& find_topic(std::string_view name);
  PartitionId choose_partition(ProducerTopic& topic, const ProducerRecord& record,
                               std::size_t size);
  /// What a batch takes of buffer.memory from its first record on, however few follow: the memory
  /// is there. A record larger than batch.size has as much as it needs.
  /// first_record_bytes  with the header of a batch
  std::size_t memory_of_a_batch(std::size_t first_record_bytes) const;
  ProducerBatchPtr open_batch(std::size_t capacity, const Clock& clock);

  const ProducerConfig& config_;
  const Clock& clock_;
  std::mutex mutex_;
  const std::unique_ptr<io::Condition> room_made_;
  const std::shared_ptr<BufferPool> memory_;
  Random random_;
  std::map<std::string, std::unique_ptr<ProducerTopic>, std::less<>> topics_;
  ProducerTopic* last_topic_ = nullptr;
  std::uint64_t next_batch_ = 0;
  std::map<BatchId, int> unfinished_;  // how many parts of each are not finished
  std::vector<Filling> filling_;  // partitions that hold an open or a closed batch, in that order
  std::size_t buffered_bytes_ = 0;
  int waiting_for_room_ = 0;
  bool sender_is_awake_ = false;  // it was told, and has not called take_due() since
  int flushes_ = 0;               // under way
  std::optional<Error> shut_;     // why no record is taken now
  std::optional<Error> closed_;   // why none ever will
};

}  // namespace millrace::client
