#include "storage/delayed_removal.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "base/saturating.h"

namespace millrace::storage {
namespace {

constexpr Millis kRetryDelay{60'000};

}  // namespace

void DelayedRemoval::add(std::string path, Millis delay) {
  doomed_.with([&](auto& doomed) { doomed.push_back({std::move(path), delay, std::nullopt}); });
}

std::size_t DelayedRemoval::remove_due(MonotonicTime now) {
  std::vector<Doomed> due;
  doomed_.with([&](auto& doomed) {
    for (Doomed& one : doomed) {
      if (!one.due) one.due = deadline_after(now, one.delay);
    }
    const auto first = std::stable_partition(doomed.begin(), doomed.end(),
                                             [now](const Doomed& one) { return *one.due > now; });
    due.assign(std::make_move_iterator(first), std::make_move_iterator(doomed.end()));
    doomed.erase(first, doomed.end());
  });
  std::size_t count = 0;
  for (Doomed& one : due) {
    const Status status = files_.remove_all(one.path);
    if (status.ok()) {
      ++count;
      continue;
    }
    LOG_WARN("a file that was given up cannot be removed",
             {{"path", one.path}, {"reason", status.error().message}});
    one.due = deadline_after(now, kRetryDelay);
    doomed_.with([&](auto& doomed) { doomed.push_back(std::move(one)); });
  }
  return count;
}

std::size_t DelayedRemoval::waiting_count() const {
  return doomed_.with([](const auto& doomed) { return doomed.size(); });
}

}  // namespace millrace::storage
