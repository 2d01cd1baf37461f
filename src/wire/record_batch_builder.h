// RecordBatchBuilder: encodes records straight into the bytes of a batch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "base/time.h"
#include "model/ids.h"
#include "model/record.h"
#include "wire/compression.h"
#include "wire/record_batch_format.h"

namespace millrace::wire {

/// Says what the header of the batch will hold; the defaults make a plain one.
struct BatchOptions {
  Compression compression = Compression::kNone;
  CompressionLevel compression_level = std::nullopt;
  ProducerId producer_id = kNoProducerId;
  ProducerEpoch producer_epoch = kNoProducerEpoch;
  std::int32_t base_sequence = -1;
  bool is_transactional = false;
  bool is_control = false;
  Offset base_offset{0};
  LeaderEpoch partition_leader_epoch = kNoLeaderEpoch;
};

/// Builds one batch after another. Owner thread only.
///
/// Invariant: the buffer always holds room for the header followed by `count()` whole records.
class RecordBatchBuilder {
 public:
  /// capacity_bytes  memory taken at the first append, so that a batch of the usual size never
  ///                 moves
  explicit RecordBatchBuilder(BatchOptions options = {}, std::size_t capacity_bytes = 16384);

  /// Encodes one record. Offsets count from base_offset, one a record.
  /// cost  about 20 ns and a copy of key, value and headers; no allocation while they fit
  void append(Timestamp timestamp, std::optional<std::string_view> key,
              std::optional<std::string_view> value, std::span<const HeaderView> headers = {});
  /// The same with headers that are still in their wire form, copied as they are.
  void append(Timestamp timestamp, std::optional<std::string_view> key,
              std::optional<std::string_view> value, const HeadersView& headers);

  /// The batch as it stands, header included, uncompressed.
  std::size_t size_bytes() const {
    return buffer_.empty() ? batch_format::kHeaderSize : buffer_.size();
  }
  std::int32_t count() const { return count_; }
  bool empty() const { return count_ == 0; }
  Timestamp base_timestamp() const { return base_timestamp_; }
  Timestamp max_timestamp() const { return max_timestamp_; }

  /// What size_bytes() can grow by at most for such a record; for asking before appending.
  static std::size_t record_size_max(std::optional<std::string_view> key,
                                     std::optional<std::string_view> value,
                                     std::span<const HeaderView> headers);

  /// Who sends the batch, when that is known only after its records.
  void set_producer(ProducerId id, ProducerEpoch epoch, std::int32_t base_sequence);
  BatchOptions& options() { return options_; }

  /// Compresses, writes the header and its CRC, and hands the batch over; the builder is then empty
  /// and ready for the next. At least one record must have been appended.
  /// into  empty; its memory is used for what is compressed
  Buffer build(Buffer into = {});
  /// Gives memory of a batch that was sent back for the next one.
  void recycle(Buffer buffer);
  /// Drops the records appended so far and hands over the memory that they were in.
  Buffer release();
  /// Drops the records appended so far.
  void clear();

 private:
  /// Makes room for a record and writes its first fields; `rest_size` is what the caller then
  /// writes from the returned place on: key, value and headers.
  char* begin_record(std::size_t rest_size, Timestamp timestamp);
  void write_header(Buffer& batch) const;

  BatchOptions options_;
  std::size_t capacity_bytes_;
  Buffer buffer_;
  std::int32_t count_ = 0;
  Timestamp base_timestamp_ = kNoTimestamp;
  Timestamp max_timestamp_ = kNoTimestamp;
};

}  // namespace millrace::wire
