// Reading record batches: BatchCursor walks the batches of a fetched record set, BatchReader the
// records of one batch. Both yield views.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"
#include "model/record.h"
#include "wire/batch_header.h"

namespace millrace::wire {

/// Walks the batches in the bytes of a Fetch response's partition, which the caller keeps alive.
/// A last batch that the broker cut short is left out, as Kafka's protocol allows it to be sent.
///   while (auto batch = cursor.next()) { … }
///   if (!cursor.status().ok()) …
class BatchCursor {
 public:
  explicit BatchCursor(std::string_view record_set) : rest_(record_set) {}

  /// The bytes of the next whole batch, not yet checked; nothing at the end or after bad bytes.
  std::optional<std::string_view> next();
  /// errors  kUnsupported (magic other than 2), kCorrupt (a length that cannot be)
  const Status& status() const { return status_; }
  /// Bytes of a batch that was cut short, or of what follows bad bytes.
  std::size_t unread_bytes() const { return rest_.size(); }

 private:
  std::string_view rest_;
  Status status_;
};

/// Iterates the records of one batch. Every length is checked before it is trusted, headers
/// included.
/// lifetime  views lie in the batch, or in `scratch` when the batch is compressed: both must
/// outlive
///           them
class BatchReader {
 public:
  /// Checks the batch, which must fill `batch` exactly, and decompresses it into `scratch` when it
  /// is compressed.
  /// scratch  cleared first; its memory is reused from batch to batch
  /// errors   as check_batch and decompress
  /// cost     CRC and decompression
  static Result<BatchReader> open(
      std::string_view batch, Buffer& scratch, CrcCheck crc = CrcCheck::kVerify,
      std::size_t decompressed_bytes_max = kDecompressedBytesMaxDefault);

  const BatchHeader& header() const { return header_; }
  /// Reads the next record; false at the end and at bad bytes: status() tells which.
  /// cost  about 5 ns and nothing allocated
  bool next(RecordView& record);
  /// errors  kCorrupt: a length that lies, bytes left over, fewer records than announced
  const Status& status() const { return status_; }

 private:
  BatchReader(const BatchHeader& header, std::string_view records)
      : header_(header), cursor_(records.data()), end_(records.data() + records.size()) {}

  bool fail(const char* what);

  BatchHeader header_;
  const char* cursor_;
  const char* end_;
  std::int32_t count_read_ = 0;
  Status status_;
};

}  // namespace millrace::wire
