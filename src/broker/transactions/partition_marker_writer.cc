#include "broker/transactions/partition_marker_writer.h"

#include <memory>
#include <optional>
#include <utility>

#include "base/guarded.h"
#include "base/log.h"
#include "broker/groups/group_service.h"
#include "broker/topics/topic_catalogue.h"
#include "wire/error_codes.h"
#include "wire/transaction_marker.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;

/// Markers on their way to the disk. Flushes of several partitions may end at once.
class Outstanding {
 public:
  Outstanding(std::size_t count, std::function<void(std::set<TopicPartition>)> done)
      : open_(Open{count, {}}), done_(std::move(done)) {}

  void finish(const TopicPartition& partition, bool is_written) {
    auto last = open_.with([&](Open& open) -> std::optional<std::set<TopicPartition>> {
      if (!is_written) open.failed.insert(partition);
      if (--open.count > 0) return std::nullopt;
      return std::move(open.failed);
    });
    if (last) done_(*std::move(last));
  }

 private:
  struct Open {
    std::size_t count;
    std::set<TopicPartition> failed;
  };
  Guarded<Open> open_;
  std::function<void(std::set<TopicPartition>)> done_;
};

/// The coordinator's own epoch: there is one coordinator, and it is never replaced.
constexpr std::int32_t kCoordinatorEpoch = 0;

wire::TransactionMarker marker_of(const TransactionMarkers& markers) {
  return {.producer_id = markers.producer_id,
          .producer_epoch = markers.producer_epoch,
          .end = {.result = markers.result, .coordinator_epoch = kCoordinatorEpoch}};
}

/// Whether a marker that was refused is worth another try.
bool may_be_tried_again(KafkaError error) {
  return error != KafkaError::kInvalidProducerEpoch &&
         error != KafkaError::kTransactionCoordinatorFenced &&
         error != KafkaError::kUnknownTopicOrPartition;
}

}  // namespace

void PartitionMarkerWriter::write(const TransactionMarkers& markers,
                                  std::function<void(std::set<TopicPartition> failed)> done) {
  const auto table = topics_.table();
  const auto outstanding =
      std::make_shared<Outstanding>(markers.partitions.size(), std::move(done));
  const auto version = static_cast<wire::TransactionVersion>(markers.transaction_version);
  for (const TopicPartition& where : markers.partitions) {
    const Topic* const topic = table->find(where.topic);
    Partition* const partition =
        topic == nullptr ? nullptr : topic->partition(where.partition.value());
    if (partition == nullptr) {
      outstanding->finish(where, true);
      continue;
    }
    const auto finish = [outstanding, where, id = markers.transactional_id](KafkaError error) {
      if (error == KafkaError::kNone) return outstanding->finish(where, true);
      LOG_WARN("a transaction's marker was not written",
               {{"transactional_id", id},
                {"partition", where},
                {"error", wire::kafka_error_name(error)}});
      outstanding->finish(where, !may_be_tried_again(error));
    };
    if (where.topic == kOffsetsTopic) {
      groups_.end_transaction({where.partition, marker_of(markers), version}, finish);
      continue;
    }
    const auto appended = partition->append_marker(marker_of(markers), version, clock_.wall());
    if (!appended.ok()) {
      finish(wire::kafka_error_of(appended.error()));
      continue;
    }
    partition->when_durable([finish](const Status& status) {
      finish(status.ok() ? KafkaError::kNone : wire::kafka_error_of(status.error()));
    });
  }
}

}  // namespace millrace::broker
