// SegmentList: the segments of one log in order of their offsets, for its writer and its readers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "model/ids.h"
#include "storage/segment/segment.h"

namespace millrace::storage {

/// thread     any
/// invariant  never empty; the last segment is the one that takes appends
class SegmentList {
 public:
  using Segments = std::vector<std::shared_ptr<Segment>>;

  struct Found {
    std::shared_ptr<Segment> segment;
    Offset next_base;  // kNoOffset after the active one
    bool is_active() const { return next_base == kNoOffset; }
  };

  explicit SegmentList(Segments segments) : segments_(std::move(segments)) {}

  std::size_t count() const;
  std::uint64_t size_bytes() const;
  /// A copy: the list may change meanwhile.
  Segments all() const;
  std::shared_ptr<Segment> last() const;
  /// The segment that holds `offset`, or would.
  Found find(Offset offset) const;

  /// Notes that the files of a sealed segment were opened to read it, and closes those of the one
  /// that was read longest ago when too many are open.
  void keep_open(const std::shared_ptr<Segment>& segment) const;

  void add(std::shared_ptr<Segment> active);
  /// Whether the segments of `run` are in the list, side by side, and none of them the active one.
  bool holds(const Segments& run) const;
  /// Puts `copy` in the place of `run`, which it holds(): a copy that begins where the run begins.
  void replace(const Segments& run, std::shared_ptr<Segment> copy);
  /// Takes the oldest one out; there must be another. Who reads finds the next one from now on.
  void remove_oldest();

 private:
  Guarded<Segments> segments_;
  mutable Guarded<Segments> open_sealed_;  // read last: at the end
};

}  // namespace millrace::storage
