// FetchedRecords: the batches of one partition out of one answer to a fetch, read record by record.
// Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "client/config/client_config.h"
#include "model/record.h"
#include "wire/record_batch.h"

namespace millrace::client {

struct AbortedTransaction {
  ProducerId producer;
  Offset first_offset;
};

/// What came for one partition.
struct FetchedPart {
  SharedBuffer frame;        // keeps `records` alive
  std::string_view records;  // batches
  Offset from;               // what was asked for; the first batch may begin before
  LeaderEpoch leader_epoch = kNoLeaderEpoch;  // of the leader that was asked
  Offset high_watermark;
  Offset last_stable_offset;  // where the first open transaction begins, or the high watermark
  std::vector<AbortedTransaction> aborted;  // by first offset
};

struct ReadOptions {
  wire::CrcCheck crc = wire::CrcCheck::kVerify;
  IsolationLevel isolation = IsolationLevel::kReadUncommitted;
};

/// Walks the batches, verifies and decompresses each when its turn comes, and never gives out
/// control records, records before `from`, nor, when reading committed, those of aborted
/// transactions.
class FetchedRecords {
 public:
  FetchedRecords(FetchedPart part, ReadOptions options);

  /// Appends up to `count_max` records to `out`, and what they are views into to `keep_alive`.
  /// errors  kCorrupt and others of wire::BatchReader, naming the offset; records before the bad
  ///         batch were appended. Reading on is no use.
  Status read(std::size_t count_max, std::vector<RecordView>& out,
              std::vector<SharedBuffer>& keep_alive);
  bool is_done() const { return done_; }
  /// Offset after what was read so far, and the epoch of the batch before that.
  Offset next_offset() const { return next_offset_; }
  LeaderEpoch epoch() const { return epoch_; }
  const FetchedPart& part() const { return part_; }
  /// End of what can be read: when reading committed, where the first open transaction begins.
  Offset readable_end() const {
    const bool is_bounded = options_.isolation == IsolationLevel::kReadCommitted;
    return is_bounded ? part_.last_stable_offset : part_.high_watermark;
  }

  /// Where to fetch on after batches, and the epoch of the last of them.
  struct End {
    Offset offset;
    LeaderEpoch epoch = kNoLeaderEpoch;
  };
  /// By their headers alone; `from` when there is no whole batch.
  static End end_of(std::string_view records, Offset from);

 private:
  Status open_next_batch();
  Status follow_transactions(std::string_view batch, const wire::BatchHeader& header);
  bool is_to_be_skipped(const wire::BatchHeader& header) const;

  FetchedPart part_;
  ReadOptions options_;
  wire::BatchCursor cursor_;
  std::optional<wire::BatchReader> reader_;
  std::shared_ptr<Buffer> scratch_;  // of the batch that is read, when it is compressed
  bool scratch_kept_ = false;
  bool frame_kept_ = false;
  bool done_ = false;
  Offset next_offset_;
  LeaderEpoch epoch_ = kNoLeaderEpoch;
  std::size_t next_aborted_ = 0;
  std::set<ProducerId> aborting_;  // producers whose records are skipped until their marker
};

}  // namespace millrace::client
