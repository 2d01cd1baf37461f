#include "broker/topics/log_threads.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

namespace millrace::broker {

Status LogThreads::for_each(std::size_t count, AfterFailure after,
                            const std::function<Status(std::size_t)>& work) const {
  std::vector<Status> said(count);
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> is_over = false;
  const auto take_turns = [&] {
    while (!is_over) {
      const std::size_t index = next++;
      if (index >= count) return;
      said[index] = work(index);
      if (after == AfterFailure::kStop && !said[index].ok()) is_over = true;
    }
  };
  const std::size_t useful =
      std::min<std::size_t>(static_cast<std::size_t>(std::max(count_, 1)), count);
  if (useful <= 1) {
    take_turns();
  } else {
    std::vector<std::unique_ptr<io::Thread>> threads;
    for (std::size_t i = 0; i < useful; ++i)
      threads.push_back(env_.start_thread(name_, take_turns));
    for (const auto& thread : threads) thread->join();
  }
  const auto failed =
      std::find_if(said.begin(), said.end(), [](const Status& status) { return !status.ok(); });
  return failed == said.end() ? Status{} : std::move(*failed);
}

}  // namespace millrace::broker
