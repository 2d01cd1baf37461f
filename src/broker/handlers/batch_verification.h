// BatchVerification: asks, before transactional batches are appended, whether their partitions are
// in the producer's transaction. So no batch that comes late opens a transaction that nobody ends.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/time.h"
#include "broker/broker_state.h"
#include "model/topic_partition.h"
#include "storage/partition_log.h"
#include "wire/error_codes.h"
#include "wire/messages/produce.h"

namespace millrace::broker {

class TopicTable;
struct RequestContext;

class BatchVerification {
 public:
  using Data = wire::ProduceRequest::PartitionProduceData;

  /// What the coordinator said of one batch.
  struct Answer {
    wire::KafkaError error = wire::KafkaError::kNone;
    /// What the append has to show.
    storage::VerificationGuard guard = storage::VerificationGuard::kNone;
  };

  /// Looks for the batches that have to be asked for: transactional ones whose transaction is not
  /// open yet in their partition.
  /// request  outlives this; it may be moved, but its lists may not change
  /// cost     one look into each partition
  BatchVerification(const wire::ProduceRequest& request, const RequestContext& context,
                    const TopicTable& topics);

  bool is_needed() const { return !open_.empty(); }
  /// Asks for all of them at once, and calls `then` when every answer is here, from any thread or
  /// from inside the call; with false when the broker stops and nobody will answer. This must live
  /// until then.
  void ask(BrokerState& state, std::function<void(bool)> then);
  /// Of a batch that nobody asked for: that it may be appended as it is.
  Answer answer_for(const Data& data) const;

 private:
  struct Open {
    const Data* data;
    TopicPartition partition;
    Answer answer;
  };

  const wire::ProduceRequest& request_;
  const std::int16_t api_version_;
  ProducerId producer_id_ = kNoProducerId;  // of the batches in open_
  ProducerEpoch producer_epoch_ = kNoProducerEpoch;
  std::vector<Open> open_;
};

}  // namespace millrace::broker
