// TaskId: the name of a task.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "model/ids.h"

namespace millrace::streams {

/// A task: one partition of one sub-topology. Written "0_3".
struct TaskId {
  std::int32_t subtopology = 0;
  PartitionId partition;

  auto operator<=>(const TaskId&) const = default;
  std::string to_string() const;
};

}  // namespace millrace::streams
