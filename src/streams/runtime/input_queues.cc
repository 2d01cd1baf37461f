#include "streams/runtime/input_queues.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace millrace::streams {

InputQueues::InputQueues(std::size_t source_count, Millis idle_max)
    : sources_(source_count), idle_max_(idle_max) {}

void InputQueues::push(std::size_t index, InputBatch batch) {
  Source& source = sources_[index];
  source.record_count += batch.records.size();
  source.batches.push_back(std::move(batch));
}

std::optional<InputQueues::Run> InputQueues::next(MonotonicTime now) {
  std::optional<std::size_t> first;
  Timestamp oldest{INT64_MAX};
  Timestamp others_oldest{INT64_MAX};
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (sources_[i].batches.empty()) continue;
    const auto& records = sources_[i].batches.front().records;
    if (records.empty()) return Run{i, records};
    const Timestamp head = records.front().timestamp;
    if (!first || head < oldest) {
      if (first) others_oldest = std::min(others_oldest, oldest);
      first = i;
      oldest = head;
    } else {
      others_oldest = std::min(others_oldest, head);
    }
  }
  if (!first || !may_go(now)) return std::nullopt;
  const auto& records = sources_[*first].batches.front().records;
  if (others_oldest == Timestamp{INT64_MAX}) return Run{*first, records};
  std::size_t count = 1;
  while (count < records.size() && records[count].timestamp <= others_oldest) ++count;
  return Run{*first, records.first(count)};
}

/// Only asked while at least one source has records.
bool InputQueues::may_go(MonotonicTime now) {
  if (idle_max_.count() == 0) return true;
  const bool all_have = std::all_of(sources_.begin(), sources_.end(),
                                    [](const Source& one) { return !one.batches.empty(); });
  if (all_have) {
    waiting_since_.reset();
    return true;
  }
  if (!waiting_since_) waiting_since_ = now;
  return now - *waiting_since_ >= idle_max_;
}

void InputQueues::done(const Run& run) {
  Source& source = sources_[run.source];
  InputBatch& batch = source.batches.front();
  batch.records = batch.records.subspan(run.records.size());
  source.record_count -= run.records.size();
  if (!batch.records.empty()) {
    source.position = batch.records.front().offset;
    return;
  }
  source.position = batch.next_offset;
  source.batches.pop_front();
}

void InputQueues::clear() {
  for (Source& source : sources_) {
    source.batches.clear();
    source.record_count = 0;
    source.position.reset();
  }
  waiting_since_.reset();
}

bool InputQueues::empty() const {
  return std::all_of(sources_.begin(), sources_.end(),
                     [](const Source& one) { return one.batches.empty(); });
}

}  // namespace millrace::streams
