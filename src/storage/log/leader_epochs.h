// LeaderEpochs: which epoch's leader wrote from which offset on, and the checkpoint file that keeps
// it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/ids.h"

namespace millrace::storage {

struct EpochStart {
  LeaderEpoch epoch;
  Offset start_offset;
  bool operator==(const EpochStart&) const = default;
};

struct EpochEndOffset {
  LeaderEpoch epoch = kNoLeaderEpoch;  // the largest epoch known that is not above the one asked
  Offset end_offset = kNoOffset;       // where it ends: the next epoch's start, or the log's end
};

/// Pure; the log writes encode() to its checkpoint when a call here says that something changed.
/// invariant  epochs and start offsets both grow from entry to entry
class LeaderEpochs {
 public:
  /// Whether assign(epoch, …) would change anything: nearly never.
  bool is_new(LeaderEpoch epoch) const {
    return epoch.value() >= 0 && (starts_.empty() || starts_.back().epoch < epoch);
  }
  /// Records that `epoch` begins at `start`; entries that contradict it go. True when changed.
  bool assign(LeaderEpoch epoch, Offset start);
  /// Forgets what begins at or after `end`.        True when changed.
  bool truncate_from_end(Offset end);
  /// Lets the first epoch begin at `start`.        True when changed.
  bool truncate_from_start(Offset start);

  LeaderEpoch latest() const;
  EpochEndOffset end_offset_for(LeaderEpoch epoch, Offset log_end) const;
  const std::vector<EpochStart>& starts() const { return starts_; }

  /// The text of leader-epoch-checkpoint: version 0, count, then "epoch offset" lines.
  std::string encode() const;
  /// errors  kCorrupt, kUnsupported (another version)
  static Result<LeaderEpochs> decode(std::string_view text);

 private:
  std::vector<EpochStart> starts_;
};

}  // namespace millrace::storage
