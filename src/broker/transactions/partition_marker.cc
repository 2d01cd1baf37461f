#include "broker/transactions/partition_marker.h"

#include <utility>

#include "broker/groups/group_service.h"
#include "broker/topics/topic_rules.h"
#include "broker/topics/topic_table.h"

namespace millrace::broker {

void write_marker(std::string_view topic, const LogMarker& marker, const TopicTable& topics,
                  GroupService& groups, Timestamp now, std::function<void(wire::KafkaError)> done) {
  Partition* const partition = topics.find_partition(topic, marker.partition.value());
  if (partition == nullptr) return done(wire::KafkaError::kUnknownTopicOrPartition);
  if (topic == kOffsetsTopic) return groups.end_transaction(marker, std::move(done));
  const auto appended = partition->append_marker(marker.marker, marker.version, marker.source, now);
  if (!appended.ok()) return done(wire::kafka_error_of(appended.error()));
  partition->when_durable([done = std::move(done)](const Status& status) {
    done(status.ok() ? wire::KafkaError::kNone : wire::KafkaError::kKafkaStorageError);
  });
}

}  // namespace millrace::broker
