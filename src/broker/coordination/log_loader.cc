#include "broker/coordination/log_loader.h"

#include <fmt/format.h>

#include <cstdint>
#include <utility>

#include "base/log.h"
#include "storage/log_replay.h"

namespace millrace::broker {

namespace {

constexpr std::size_t kReadBytes = 1024 * 1024;

class Replay final : public storage::BatchVisitor {
 public:
  Replay(std::string_view topic, PartitionId partition, const ReplayRecord& replay)
      : topic_(topic), partition_(partition), replay_(replay) {}

  Status on_batch(wire::BatchReader& batch) override {
    RecordView record;
    while (batch.next(record)) {
      if (!record.key) continue;
      const Status replayed = replay_(partition_, batch.header(), *record.key, record.value);
      if (replayed.ok()) continue;
      LOG_WARN("record of a coordinator's log skipped", {{"partition", name()},
                                                         {"offset", record.offset},
                                                         {"reason", replayed.error().to_string()}});
    }
    return {};
  }
  Status on_unreadable(const wire::BatchHeader& header, const Error& why) override {
    LOG_ERROR("batch of a coordinator's log is cut, or skipped",
              {{"partition", name()}, {"offset", header.base_offset}, {"reason", why.to_string()}});
    return {};
  }

  std::string name() const { return fmt::format("{}-{}", topic_, partition_); }

 private:
  const std::string_view topic_;
  const PartitionId partition_;
  const ReplayRecord& replay_;
};

}  // namespace

Status load_log(CoordinatorLog& log, const ReplayRecord& replay) {
  const std::int32_t count = log.partition_count();
  for (std::int32_t i = 0; i < count; ++i) {
    const PartitionId partition{i};
    Replay visitor(log.topic(), partition, replay);
    auto end = storage::replay([&](Offset from) { return log.read(partition, from, kReadBytes); },
                               log.log_start_offset(partition), visitor);
    if (!end.ok()) return std::move(end).error().with_context(visitor.name());
  }
  return {};
}

}  // namespace millrace::broker
