#include "broker/groups/offsets/group_loader.h"

#include <cstdint>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "wire/record_batch.h"

namespace millrace::broker {

namespace {

constexpr std::size_t kReadBytes = 1024 * 1024;

void replay_batch(std::string_view batch, Buffer& scratch, GroupCoordinator& coordinator) {
  auto reader = wire::BatchReader::open(batch, scratch);
  if (!reader.ok()) {
    LOG_ERROR("batch of __consumer_offsets skipped", {{"reason", reader.error().to_string()}});
    return;
  }
  RecordView record;
  while (reader->next(record)) {
    if (!record.key) continue;
    const Status replayed = coordinator.replay(reader->header(), *record.key, record.value);
    if (replayed.ok()) continue;
    LOG_WARN("record of __consumer_offsets skipped",
             {{"offset", record.offset}, {"reason", replayed.error().to_string()}});
  }
  if (!reader->status().ok()) {
    LOG_ERROR("batch of __consumer_offsets is cut",
              {{"reason", reader->status().error().to_string()}});
  }
}

/// Replays what `bytes` holds and says where to go on.
Result<Offset> replay_bytes(const Buffer& bytes, Offset from, GroupCoordinator& coordinator) {
  Buffer scratch;
  wire::BatchCursor cursor(bytes.view());
  while (const auto batch = cursor.next()) {
    const auto header = wire::read_batch_header(*batch);
    if (!header.ok()) return header.error();
    replay_batch(*batch, scratch, coordinator);
    from = std::max(from, header->base_offset + (std::int64_t{header->last_offset_delta} + 1));
  }
  if (!cursor.status().ok()) return cursor.status().error();
  return from;
}

Status load_partition(OffsetsLog& log, PartitionId partition, GroupCoordinator& coordinator) {
  Offset from = log.log_start_offset(partition);
  for (;;) {
    const auto bytes = log.read(partition, from, kReadBytes);
    if (!bytes.ok()) return bytes.error();
    if (bytes->empty()) return {};
    const auto next = replay_bytes(*bytes, from, coordinator);
    if (!next.ok()) return next.error();
    if (*next == from) return {};
    from = *next;
  }
}

}  // namespace

Status load_groups(OffsetsLog& log, GroupCoordinator& coordinator, Instant now) {
  const std::int32_t count = log.partition_count();
  for (std::int32_t i = 0; i < count; ++i) {
    auto loaded = load_partition(log, PartitionId{i}, coordinator);
    if (!loaded.ok()) {
      return std::move(loaded).error().with_context(fmt::format("__consumer_offsets-{}", i));
    }
  }
  coordinator.finish_replay(now);
  return {};
}

}  // namespace millrace::broker
