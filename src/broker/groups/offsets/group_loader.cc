#include "broker/groups/offsets/group_loader.h"

#include <cstdint>
#include <utility>

#include "base/log.h"
#include "storage/log_replay.h"

namespace millrace::broker {

namespace {

constexpr std::size_t kReadBytes = 1024 * 1024;

/// Shows the coordinator every record with the batch that it stands in.
class GroupReplay final : public storage::BatchVisitor {
 public:
  explicit GroupReplay(GroupCoordinator& coordinator) : coordinator_(coordinator) {}

  Status on_batch(wire::BatchReader& batch) override {
    RecordView record;
    while (batch.next(record)) {
      if (!record.key) continue;
      const Status replayed = coordinator_.replay(batch.header(), *record.key, record.value);
      if (replayed.ok()) continue;
      LOG_WARN("record of __consumer_offsets skipped",
               {{"offset", record.offset}, {"reason", replayed.error().to_string()}});
    }
    return {};
  }
  Status on_unreadable(const wire::BatchHeader& header, const Error& why) override {
    LOG_ERROR("batch of __consumer_offsets is cut, or skipped",
              {{"offset", header.base_offset}, {"reason", why.to_string()}});
    return {};
  }

 private:
  GroupCoordinator& coordinator_;
};

Status load_partition(OffsetsLog& log, PartitionId partition, GroupCoordinator& coordinator) {
  GroupReplay visitor(coordinator);
  const auto end =
      storage::replay([&](Offset from) { return log.read(partition, from, kReadBytes); },
                      log.log_start_offset(partition), visitor);
  return end.ok() ? Status{} : Status{end.error()};
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
