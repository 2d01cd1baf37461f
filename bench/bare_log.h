// A partition in its barest form: one file, and where each batch of it stands.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include "bench/bare_file.h"
#include "wire/batch_header.h"

namespace millrace::bench {

/// thread  one at a time
class BareLog {
 public:
  explicit BareLog(const std::string& path) : file_(path) {}
  int file() const { return file_.descriptor(); }
  std::int64_t end_offset() const { return end_offset_; }

  /// Gives the batch its offset, in place, and appends it. Gives back that offset.
  std::int64_t append(char* batch, std::size_t size) {
    const auto header = wire::read_batch_header({batch, size});
    if (!header.ok()) fail(header.error().message);
    const std::int64_t base = end_offset_;
    wire::patch_base_offset(batch, Offset{base});
    wire::patch_leader_epoch(batch, LeaderEpoch{0});
    batches_.push_back({base, file_.size()});
    file_.append({batch, size});
    end_offset_ += header->last_offset_delta + 1;
    return base;
  }

  struct Stretch {
    std::uint64_t position = 0;
    std::size_t size = 0;
  };
  /// Whole batches, from the one that holds `offset` on: as many as fit, and one at least.
  Stretch from(std::int64_t offset, std::size_t bytes_max) const {
    if (offset >= end_offset_) return {};
    const auto first = std::prev(std::upper_bound(
        batches_.begin(), batches_.end(), offset,
        [](std::int64_t wanted, const Batch& batch) { return wanted < batch.base_offset; }));
    auto end = std::next(first);
    while (end != batches_.end() && end_of(end) - first->position <= bytes_max) ++end;
    return {first->position, end_of(std::prev(end)) - first->position};
  }

 private:
  struct Batch {
    std::int64_t base_offset;
    std::uint64_t position;
  };
  using Place = std::vector<Batch>::const_iterator;

  std::uint64_t end_of(Place batch) const {
    return std::next(batch) == batches_.end() ? file_.size() : std::next(batch)->position;
  }

  BareFile file_;
  std::int64_t end_offset_ = 0;
  std::vector<Batch> batches_;
};

}  // namespace millrace::bench
