#include "storage/log/recompression.h"

#include <fmt/format.h>

#include <utility>

#include "base/byte_order.h"
#include "storage/log/log_appender.h"
#include "wire/compression.h"
#include "wire/crc32c.h"
#include "wire/error_codes.h"
#include "wire/record_batch_format.h"

namespace millrace::storage {
namespace {

using wire::KafkaError;
using wire::make_error;
namespace format = wire::batch_format;

/// Makes the header at the start of `batch` say what the bytes behind it are.
void settle_header(Buffer& batch, const wire::BatchHeader& header, wire::Compression codec) {
  char* const at = batch.data();
  store_big_endian(at + format::kBatchLengthAt,
                   static_cast<std::int32_t>(batch.size() - format::kLengthOverhead));
  store_big_endian(at + format::kAttributesAt,
                   static_cast<std::int16_t>((header.attributes & ~format::kCompressionMask) |
                                             static_cast<int>(codec)));
  store_big_endian(at + format::kMaxTimestampAt, header.max_timestamp.value());
  store_big_endian(at + format::kCrcAt, wire::crc32c(batch.view().substr(format::kCrcCoversFrom)));
}

Error refusal(const Error& error) {
  return make_error(error.code == ErrorCode::kTooLarge ? KafkaError::kMessageTooLarge
                                                       : KafkaError::kInvalidRecord,
                    error.message);
}

/// The bytes of the records, plain. `plain` is where they lie when they were not plain.
Result<std::string_view> plain_records(std::string_view batch, const wire::BatchHeader& header,
                                       Buffer& plain) {
  if (header.compression() == wire::Compression::kNone) return batch.substr(format::kHeaderSize);
  const std::string_view records = batch.substr(format::kHeaderSize);
  Status status =
      wire::decompress(header.compression(), records, wire::kDecompressedBytesMaxDefault, plain);
  if (!status.ok()) return refusal(status.error());
  return plain.view();
}

}  // namespace

Result<Buffer> recompress(std::string_view batch, const wire::BatchHeader& header,
                          const LogConfig& config) {
  Buffer plain;
  const auto records = plain_records(batch, header, plain);
  if (!records.ok()) return records.error();
  const wire::Compression codec = config.compression.value_or(header.compression());
  Buffer stored(batch.size());
  stored.append(batch.substr(0, format::kHeaderSize));
  Status status = wire::compress(codec, config.compression_level(), *records, stored);
  if (!status.ok()) return refusal(status.error());
  if (status = check_batch_size(stored.size(), config); !status.ok()) {
    return std::move(status).error();
  }
  settle_header(stored, header, codec);
  return stored;
}

}  // namespace millrace::storage
