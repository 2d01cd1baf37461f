#include "storage/log/recompression.h"

#include <utility>

#include "base/byte_order.h"
#include "wire/compression.h"
#include "wire/crc32c.h"
#include "wire/record_batch_format.h"

namespace millrace::storage {
namespace {

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

}  // namespace

Result<Buffer> recompress(std::string_view batch, const wire::BatchHeader& header,
                          std::string_view records, const LogConfig& config) {
  const wire::Compression codec = config.compression.value_or(header.compression());
  Buffer stored(batch.size());
  stored.append(batch.substr(0, format::kHeaderSize));
  Status status = wire::compress(codec, config.compression_level(), records, stored);
  if (!status.ok()) return std::move(status).error();
  settle_header(stored, header, codec);
  return stored;
}

}  // namespace millrace::storage
