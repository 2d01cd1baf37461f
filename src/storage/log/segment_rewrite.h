// SegmentRewrite: a run of neighbouring sealed segments, and the copy that is to take their place.
// What compaction writes with. The copy is made, and put in its place (log/segment_swap.h), beside
// the log while it goes on.
//   auto rewrite = log.plan_rewrite(from, before);      the segments to rewrite
//   rewrite->for_each_batch([&](batch, header) { … rewrite->add(what stays of it); … });
//   rewrite->finish();                                  the copy is on disk
//   log.replace(std::move(*rewrite), writer);           readers find it
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "io/file_system.h"
#include "model/ids.h"
#include "storage/segment/batch_walk.h"
#include "storage/segment/segment.h"

namespace millrace::storage {

struct LogParts;

/// thread     one at a time; any
/// invariant  the copy holds whole batches with offsets that grow, all of them in [base, end) of the
///            run, and is nobody's business until it is swapped in: dropped before that, it leaves
///            the log as it was
class SegmentRewrite {
 public:
  using Segments = std::vector<std::shared_ptr<Segment>>;

  /// run   not empty, neighbours, sealed, on disk     end  where the segment after them begins
  /// cost  none: files are made and read when the first batch is added
  SegmentRewrite(io::FileSystem& files, std::string directory, Segments run, Offset end,
                 std::int64_t index_interval_bytes);
  /// Removes what was written, unless it was swapped in.
  ~SegmentRewrite();
  SegmentRewrite(SegmentRewrite&&) noexcept;
  SegmentRewrite& operator=(SegmentRewrite&&) = delete;

  const Segments& run() const { return run_; }
  Offset base() const { return run_.front()->base_offset(); }
  Offset end() const { return end_; }

  /// Shows each batch of the run in order, until `visit` fails.
  /// bytes   valid during the call
  /// errors  kIo; kCorrupt where a header makes no sense; those of `visit`
  /// cost    reads all of the run; memory for the largest batch, 1 MiB at least
  Status for_each_batch(const BatchVisit& visit);
  /// Appends a whole batch with its offsets, epoch and checksum to the copy. An aborted transaction
  /// stays in the index as long as its marker stays in the log with its record: without one,
  /// readers would pass over whatever its producer wrote next.
  /// errors  kInvalidArgument (offsets that do not grow, or lie outside the run), kTooLarge (more than
  ///         a segment holds), kDiskFull, kIo; kNotFound, kCorrupt, kUnsupported of the run's
  ///         transaction indexes, which the first one reads
  Status add(std::string_view batch);
  /// Adds the batches of the run before `offset`, as they are.
  /// errors  those of add(), kIo, kCorrupt
  Status add_before(Offset offset);
  /// Writes the indexes and brings all of it to the disk. Nothing may be added afterwards.
  /// errors  kDiskFull, kIo
  Status finish();

  /// Whether the copy holds every offset up to the end of the run. One that does not is for
  /// compacted topics, where gaps are no sign of lost records.
  bool reaches_end() const { return extent_.next_offset == end_; }

 private:
  friend class SegmentSwap;

  Status make_files();
  std::string path(std::string_view suffix, std::string_view end) const;
  std::string path(std::string_view suffix) const;
  Status write_pending();
  void keep_aborted(Offset marker);

  io::FileSystem* files_;
  std::string directory_;
  Segments run_;  // empty once moved from
  Offset end_;
  std::int64_t index_interval_bytes_;
  std::unique_ptr<io::File> file_;  // null until the first batch
  Buffer pending_;                  // added, and not written yet
  SegmentIndexes indexes_;
  Aborted aborted_ = Aborted::kNone;  // kInFile when the run has a transaction index
  std::vector<AbortedTransaction> run_aborted_;
  SegmentExtent extent_;
  bool has_files_ = false;  // something may have been written
  bool is_finished_ = false;
  bool is_swapped_ = false;
};

}  // namespace millrace::storage
