#include "io/thread_priority.h"

#include <sys/resource.h>

#include <algorithm>

namespace millrace::io {
namespace {

/// Each step is worth a quarter of the share.
constexpr int kSteps = 10;
constexpr int kLowest = 19;

}  // namespace

void give_way() {
  constexpr id_t kThisThread = 0;  // Linux keeps the value for each thread
  const int now = getpriority(PRIO_PROCESS, kThisThread);
  (void)setpriority(PRIO_PROCESS, kThisThread, std::min(now + kSteps, kLowest));
}

}  // namespace millrace::io
