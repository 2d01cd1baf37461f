// Segment: a run of a log's batches in one file, with its indexes. The last one of a log takes
// appends; the others are sealed and open their files only when somebody reads them.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"
#include "storage/delayed_removal.h"
#include "storage/segment/batch_scanner.h"
#include "storage/segment/segment_indexes.h"

namespace millrace::storage {

/// What is known of a segment's bytes when it is made from files that exist.
struct SegmentExtent {
  std::uint64_t size_bytes = 0;
  Offset next_offset;
  TimestampOffset max_timestamp;
};

/// Where a reader starts: the file, how far it may read, and a batch start at or before the offset
/// asked for.
struct ReadStart {
  std::shared_ptr<const io::File> file;
  std::uint64_t position = 0;
  std::uint64_t end = 0;
  Offset next_offset;                     // of the segment as far as `end`
  Offset target;                          // the batch at `position` begins at or before it
  std::optional<BatchPlace> exact_batch;  // known without reading: the batch that was asked for
};

/// Whether a segment has a transaction index on disk. Most have none.
enum class Aborted : std::uint8_t { kNone, kInFile };

/// thread     append, seal and the constructors' callers: the log's writer. The rest: any thread.
/// invariant  bytes below size_bytes() never change and are whole batches
/// invariant  a sealed segment takes no appends, and one that was retired opens no file any more
class Segment {
 public:
  /// An empty segment that takes appends. Its file is made; the directory is not synced.
  static Result<std::shared_ptr<Segment>> create(io::FileSystem& files,
                                                 const std::string& directory, Offset base,
                                                 Timestamp now);
  /// The segment that takes appends, from a file that was checked.
  static std::shared_ptr<Segment> active(io::FileSystem& files, const std::string& directory,
                                         Offset base, std::unique_ptr<io::File> file,
                                         SegmentIndexes indexes, const SegmentExtent& extent,
                                         Timestamp now, Aborted aborted = Aborted::kNone);
  /// A sealed one, whose files are opened when they are needed.
  static std::shared_ptr<Segment> sealed(io::FileSystem& files, const std::string& directory,
                                         Offset base, const SegmentExtent& extent,
                                         Aborted aborted = Aborted::kNone);
  /// A sealed one whose files have not got their names yet: they stay open until unpin_files().
  static std::shared_ptr<Segment> rewritten(io::FileSystem& files, const std::string& directory,
                                            Offset base, std::unique_ptr<io::File> file,
                                            SegmentIndexes indexes, const SegmentExtent& extent,
                                            Aborted aborted);

  Offset base_offset() const { return base_; }
  std::uint64_t size_bytes() const;
  Offset next_offset() const;
  TimestampOffset max_timestamp() const;
  std::string path(std::string_view suffix) const;
  /// The largest timestamp, or when the file was last written when no record has one;
  /// kNoTimestamp when nobody knows.    cost  without timestamps a look at the file
  Timestamp newest() const;

  // The writer's side.

  /// What a segment may grow to: its batches, the time that its records span, one of its indexes.
  struct RollLimits {
    std::int64_t segment_bytes, segment_ms, index_bytes;
  };
  /// Whether a batch with this header must go into the next segment.
  bool must_roll_before(const wire::BatchHeader& header, const RollLimits& limits,
                        Timestamp now) const;
  /// Writes the batch, whose header has its final offsets, and lets readers see it.
  /// errors  kDiskFull, kIo; the segment is then as before, or refuses further appends when it
  ///         cannot be cut back
  Status append(std::string_view batch, const wire::BatchHeader& header,
                std::int64_t index_interval_bytes);
  /// Notes a transaction whose abort marker was appended last.
  void add_aborted(const AbortedTransaction& aborted);
  /// Until set_aborted() nobody knows: no index is written for the segment.
  void forget_aborted();
  /// Puts a transaction index that was made anew in the place of what there is; a sealed segment's
  /// is written and synced.
  /// errors  kDiskFull, kIo
  Status set_aborted(TransactionIndex index);
  /// Writes the index files as they are now. The segment still takes appends.
  /// errors  kDiskFull, kIo; the segment is as before
  Status write_indexes();
  /// Afterwards nothing is appended, and the files may be closed and opened at need.
  void seal();

  /// Syncs the bytes, and the index files of a sealed segment.
  Status sync();
  /// Closes what a sealed segment has open; it is opened again when needed.
  void release_files();
  /// From now on release_files() does something for a rewritten segment too.
  void unpin_files();
  /// Whether the producer snapshot at the segment's start goes with it.
  enum class Snapshot : std::uint8_t { kStays, kGoes };
  /// Gives the files up: they are renamed to .deleted, and removed as `retirement` says. Readers
  /// that hold one keep it; who comes later finds none.
  /// errors  kIo
  Status retire(const FileRetirement& retirement, Snapshot snapshot);
  bool is_retired() const;

  // The readers' side.

  /// errors  kIo, kNotFound: a sealed segment's files could not be opened
  Result<ReadStart> start_for(Offset target) const;
  Result<ReadStart> start_for(Timestamp time, Offset target) const;
  /// Makes the offset index anew from the headers of the batches, in memory: for who was led by it
  /// to what is no batch, or past the one he wanted. Once; false when that was done before.
  /// errors  kIo, kNotFound
  /// cost    a walk over the segment, with its lock held
  Result<bool> remake_index() const;
  /// A batch start at or before `position`.
  std::uint64_t boundary_before(std::uint64_t position) const;
  /// An offset that no batch before `position`, a batch start, reaches.
  Offset bound_at(std::uint64_t position) const;
  /// Whether there may be aborted transactions in the index.
  bool may_have_aborted() const;
  /// As TransactionIndex::collect.
  /// errors  kIo, kNotFound (the segment was given up), kCorrupt, kUnsupported
  /// cost    nothing where there are none; once, the file is read
  Result<bool> collect_aborted(Offset from, Offset before,
                               std::vector<AbortedTransaction>& found) const;

 private:
  Segment(io::FileSystem& files, const std::string& directory, Offset base, Timestamp now)
      : files_(files), directory_(directory), base_(base), created_(now), indexes_(base) {}

  static constexpr std::size_t kRecentBatchesMax = 32;

  Status open_files() const;
  Status load_aborted() const;
  ReadStart start_at(std::uint64_t position, Offset target) const;
  void cut_back();
  std::optional<BatchPlace> find_recent(Offset target) const;

  io::FileSystem& files_;
  const std::string directory_;
  const Offset base_;
  const Timestamp created_;

  // Guards what follows; held for file calls only when sealed, and to make an index anew.
  mutable std::mutex mutex_;
  bool is_sealed_ = false;
  bool is_retired_ = false;
  bool is_pinned_ = false;
  bool has_torn_tail_ = false;  // bytes after size_bytes that could not be cut off
  mutable std::shared_ptr<io::File> file_;
  std::shared_ptr<io::File> unsynced_index_, unsynced_time_index_, unsynced_transaction_index_;
  mutable bool has_indexes_ = true;  // loaded; always so while not sealed
  mutable bool is_remade_ = false;   // the offset index is not what its file says
  mutable bool has_aborted_ = true;  // the transaction index is loaded
  Aborted aborted_ = Aborted::kNone;
  mutable SegmentIndexes indexes_;
  SegmentExtent extent_;
  // The last batches appended: readers at the end of the log find their place without a read.
  // Null once sealed.
  std::unique_ptr<std::array<BatchPlace, kRecentBatchesMax>> recent_;
  std::uint64_t appended_count_ = 0;
};

}  // namespace millrace::storage
