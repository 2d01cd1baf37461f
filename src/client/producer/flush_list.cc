#include "client/producer/flush_list.h"

#include <utility>

namespace millrace::client {

FlushList::Id FlushList::add(BatchId end, Done done) {
  const Id id = next_id_++;
  waiters_.emplace(id, Waiter{end, std::move(done), std::exchange(untold_, std::nullopt)});
  return id;
}

void FlushList::fail(BatchId batch, const Error& error) {
  bool is_told = false;
  for (auto& [id, waiter] : waiters_) {
    if (batch >= waiter.end) continue;
    if (!waiter.failure) waiter.failure = error;
    is_told = true;
  }
  if (!is_told && !untold_) untold_ = error;
}

std::vector<FlushList::Id> FlushList::finish(
    const std::function<bool(BatchId end)>& has_finished_before) {
  std::vector<Id> ended;
  for (auto entry = waiters_.begin(); entry != waiters_.end();) {
    if (!has_finished_before(entry->second.end)) {
      ++entry;
      continue;
    }
    const Waiter waiter = std::move(entry->second);
    ended.push_back(entry->first);
    entry = waiters_.erase(entry);
    waiter.done(waiter.failure ? Status(*waiter.failure) : Status());
  }
  return ended;
}

void FlushList::give_up(Id id, const Error& reason) {
  const auto entry = waiters_.find(id);
  if (entry == waiters_.end()) return;
  const Waiter waiter = std::move(entry->second);
  waiters_.erase(entry);
  waiter.done(waiter.failure.value_or(reason));
}

void FlushList::give_up_all(const Error& reason) {
  while (!waiters_.empty()) give_up(waiters_.begin()->first, reason);
}

Status FlushList::take_untold() {
  if (!untold_) return {};
  return *std::exchange(untold_, std::nullopt);
}

}  // namespace millrace::client
