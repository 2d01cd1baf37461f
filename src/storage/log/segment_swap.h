// Putting a rewritten segment in the place of those it was made from, so that a power cut at any
// moment leaves the ones or the other, and never a mix. The steps, and the files they leave:
//
//   1  beside the log   the copy is written and synced        N.log.cleaned N.index.cleaned
//                                                             N.timeindex.cleaned
//                                                             N.txnindex.cleaned
//   2  beside the log   the range of the run, synced          N.swap-range: "0\n1\nN END\n"
//      with the writer  from here on no segment is deleted
//   3  beside the log   the copy is renamed, synced           N.log.swap, from here on it counts
//      with the writer  readers find the copy
//   4  beside the log   the old files are renamed, synced     N.log.deleted M.log.deleted …
//   5  beside the log   a transaction index is renamed,       N.txnindex
//                       synced
//   6  beside the log   the copy's files are renamed, synced  N.index N.timeindex, last N.log
//   7  beside the log   the range is removed
//
// Appends go on throughout, and segments are rolled: those are not in the run. A deletion of
// segments in the middle would be undone by a start that finishes the swap, so they wait for the
// next retention sweep. At the next start (finish_swaps): where N.log.swap is, steps 4 to 7 are
// done again; where it is not, the copy never counted, or is in its place already. Names that were
// not synced may come back in any order, hence the sync between 4 and 5: old segments are gone for
// good before the copy's own name says nothing of them any more. An index that is lost on the way
// is made anew, but for the transaction index, whose absence says that nothing was aborted: hence
// step 5. It is there, though empty, wherever a segment of the run had one, so that no old one
// stays in its place.
//
// source  Kafka's UnifiedLog.replaceSegments and LogLoader. Kafka has no file with the range: it takes
// a .swap to reach as far as its last batch, and so do we where the range is missing.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"
#include "model/ids.h"
#include "storage/log/segment_rewrite.h"

namespace millrace::storage {

inline constexpr std::string_view kCleanedSuffix = ".cleaned";
inline constexpr std::string_view kSwapSuffix = ".swap";
inline constexpr std::string_view kSwapRangeSuffix = ".swap-range";

/// The offsets of a run of segments: from `base` up to, not including, `end`.
struct SwapRange {
  Offset base;
  Offset end;
};

/// Step 2.   errors  kDiskFull, kIo
Status write_swap_range(io::FileSystem& files, const std::string& directory,
                        const SwapRange& range);

/// Steps 3 to 7.
class SegmentSwap {
 public:
  /// Runs `work` with the log's writer, and returns what it says; fails without running it when the
  /// log is closed.
  using WithWriter = std::function<Status(const std::function<Status()>& work)>;

  /// Puts the copy in its place. Readers find it from then on; those that read an old segment
  /// finish with that. rewrite  finish()ed writer   is asked for twice, and held to look at lists
  /// thread   any, without the log's writer
  /// errors   kCancelled: a segment of the run is gone, by retention or a deletion; kInvalidArgument: a
  ///          copy with a gap at its end where the topic is not compacted; those of `writer`;
  ///          KAFKA_STORAGE_ERROR. But for the last two, the log is as it was; after
  ///          KAFKA_STORAGE_ERROR it may be out of use until the next start.
  /// cost     three syncs of the directory and a few renames
  static Status perform(LogParts& log, SegmentRewrite rewrite, const WithWriter& writer);

 private:
  SegmentSwap(LogParts& log, SegmentRewrite rewrite) : log_(log), rewrite_(std::move(rewrite)) {}

  Status begin();
  Status make_it_count();
  Status show_to_readers();
  Status finish_names();
  Status rename_files();
  std::string swap_path() const;

  LogParts& log_;
  SegmentRewrite rewrite_;
  std::shared_ptr<Segment> copy_;
};

/// Ends what a stop interrupted. Before anything else of the log in `directory` is looked at.
/// Returns whether files were renamed or removed.
/// entries  what the directory holds, as it was listed
/// errors   kIo, kDiskFull, kCorrupt (a range that makes no sense)
Result<bool> finish_swaps(io::FileSystem& files, const std::string& directory,
                          const std::vector<io::DirectoryEntry>& entries);

}  // namespace millrace::storage
