#include "broker/transactions/partition_marker_writer.h"

#include <utility>

#include "base/log.h"
#include "broker/session/gathering.h"
#include "broker/topics/topic_catalogue.h"
#include "broker/transactions/partition_marker.h"
#include "wire/error_codes.h"
#include "wire/transaction_marker.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;

/// The coordinator's own epoch; where a log has seen a higher one, its markers take that.
constexpr std::int32_t kCoordinatorEpoch = 0;

LogMarker marker_of(const TransactionMarkers& markers, PartitionId partition) {
  return {.partition = partition,
          .marker = {.producer_id = markers.producer_id,
                     .producer_epoch = markers.producer_epoch,
                     .end = {.result = markers.result, .coordinator_epoch = kCoordinatorEpoch}},
          .version = static_cast<wire::TransactionVersion>(markers.transaction_version),
          .source = MarkerSource::kOwnCoordinator};
}

/// Whether the partition has nothing open of the transaction, marker or no marker.
bool is_over_without(KafkaError error) {
  return error == KafkaError::kInvalidProducerEpoch ||
         error == KafkaError::kUnknownTopicOrPartition;
}

}  // namespace

void PartitionMarkerWriter::write(const TransactionMarkers& markers,
                                  std::function<void(std::set<TopicPartition> failed)> done) {
  const auto topics = topics_.table();
  const auto writing =
      gather(markers.partitions.size(), std::set<TopicPartition>(), std::move(done));
  for (const TopicPartition& where : markers.partitions) {
    write_marker(where.topic, marker_of(markers, where.partition), *topics, groups_, clock_.wall(),
                 [writing, where, id = markers.transactional_id](KafkaError error) {
                   const bool is_over = error == KafkaError::kNone || is_over_without(error);
                   // Of a partition that is gone there is nothing to tell.
                   if (error != KafkaError::kNone && error != KafkaError::kUnknownTopicOrPartition)
                     LOG_WARN("a transaction's marker was not written",
                              {{"transactional_id", id},
                               {"partition", where},
                               {"error", wire::kafka_error_name(error)}});
                   writing->finish([&](std::set<TopicPartition>& failed) {
                     if (!is_over) failed.insert(where);
                   });
                 });
  }
}

}  // namespace millrace::broker
