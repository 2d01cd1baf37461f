#include "broker/groups/offsets/group_loader.h"

#include "broker/coordination/log_loader.h"

namespace millrace::broker {

Status load_groups(CoordinatorLog& log, GroupCoordinator& coordinator, Instant now) {
  auto loaded = load_log(log, [&](PartitionId partition, const wire::BatchHeader& batch,
                                  std::string_view key, std::optional<std::string_view> value) {
    return coordinator.replay(partition, batch, key, value);
  });
  if (loaded.ok()) coordinator.finish_replay(now);
  return loaded;
}

}  // namespace millrace::broker
