#include "broker/coordination/internal_topic_log.h"

#include <utility>

#include "broker/topics/topic_catalogue.h"
#include "broker/topics/topic_rules.h"
#include "io/env.h"
#include "wire/error_codes.h"

namespace millrace::broker {

namespace {

void finish(Partition& partition, const Result<storage::AppendResult>& appended,
            std::function<void(Status)> on_done) {
  if (!appended.ok()) return on_done(appended.error());
  partition.when_durable([on_done = std::move(on_done)](const Status& status) { on_done(status); });
}

}  // namespace

Error InternalTopicLog::no_partition(PartitionId partition) const {
  return wire::make_error(wire::KafkaError::kCoordinatorNotAvailable,
                          fmt::format("{} has no partition {}", topic_, partition));
}

Result<std::int32_t> InternalTopicLog::ensure_partitions() {
  if (const std::int32_t count = partition_count(); count > 0) return count;
  auto made = topics_.find_or_create(default_topic(topic_, config_));
  if (!made.ok()) return std::move(made).error();
  return static_cast<std::int32_t>(made.value()->partitions.size());
}

std::int32_t InternalTopicLog::partition_count() {
  const auto table = topics_.table();
  const Topic* const topic = table->find(topic_);
  return topic == nullptr ? 0 : static_cast<std::int32_t>(topic->partitions.size());
}

void InternalTopicLog::append(PartitionId partition, Buffer batch, storage::VerificationGuard guard,
                              std::function<void(Status)> on_done) {
  const auto found = find(partition);
  if (found == nullptr) return on_done(no_partition(partition));
  const auto appended = found->append({batch.data(), batch.size()}, env_.clock().wall(),
                                      {storage::AppendOrigin::kCoordinator, guard});
  finish(*found, appended, std::move(on_done));
}

void InternalTopicLog::append_marker(const LogMarker& marker, std::function<void(Status)> on_done) {
  const auto found = find(marker.partition);
  if (found == nullptr) return on_done(no_partition(marker.partition));
  const auto appended =
      found->append_marker(marker.marker, marker.version, marker.source, env_.clock().wall());
  finish(*found, appended, std::move(on_done));
}

Result<Buffer> InternalTopicLog::read(PartitionId partition, Offset from, std::size_t bytes_max) {
  const auto found = find(partition);
  if (found == nullptr) return no_partition(partition);
  return found->log().read_bytes(from, bytes_max, storage::MinOneBatch::kYes);
}

Offset InternalTopicLog::log_start_offset(PartitionId partition) {
  const auto found = find(partition);
  return found == nullptr ? Offset{0} : found->log().log_start_offset();
}

std::shared_ptr<Partition> InternalTopicLog::find(PartitionId partition) const {
  const auto table = topics_.table();
  const Topic* const topic = table->find(topic_);
  if (topic == nullptr || topic->partition(partition.value()) == nullptr) return nullptr;
  return topic->partitions[static_cast<std::size_t>(partition.value())];
}

}  // namespace millrace::broker
