#include "wire/record_batch.h"

#include <fmt/format.h>

#include "base/byte_order.h"
#include "wire/internal/record_fields.h"

namespace millrace::wire {
namespace {

using namespace batch_format;
using internal::read_field;
using internal::read_long;
using internal::read_short;
using internal::skip_headers;

inline const char* read_headers(const char* from, const char* end, HeadersView& headers) {
  std::int32_t count = 0;
  from = read_short(from, end, count);
  if (from == nullptr || count < 0) return nullptr;
  if (count == 0) {
    headers = HeadersView{};
    return from;
  }
  const char* const headers_end = skip_headers(from, end, count);
  if (headers_end == nullptr) return nullptr;
  headers = HeadersView(count, {from, static_cast<std::size_t>(headers_end - from)});
  return headers_end;
}

}  // namespace

std::optional<std::string_view> BatchCursor::next() {
  if (!status_.ok() || rest_.size() < kLengthOverhead) return std::nullopt;
  const auto length = load_big_endian<std::int32_t>(rest_.data() + kBatchLengthAt);
  if (length < static_cast<std::int32_t>(kHeaderSize - kLengthOverhead)) {
    status_ =
        Error{ErrorCode::kCorrupt, fmt::format("batch length {} is smaller than a header", length)};
    return std::nullopt;
  }
  if (rest_.size() > kMagicAt && rest_[kMagicAt] != kMagic) {
    status_ = Error{ErrorCode::kUnsupported,
                    fmt::format("batch magic {}: only format version 2 is spoken",
                                static_cast<int>(rest_[kMagicAt]))};
    return std::nullopt;
  }
  // Outside the CRC, so it may be anything; what is computed from it must not overflow.
  const auto base_offset = load_big_endian<std::int64_t>(rest_.data() + kBaseOffsetAt);
  if (base_offset < 0 || base_offset > kBaseOffsetMax) {
    status_ = Error{ErrorCode::kCorrupt, fmt::format("batch offset: wanted 0 to {}, found {}",
                                                     kBaseOffsetMax, base_offset)};
    return std::nullopt;
  }
  const std::size_t size = static_cast<std::size_t>(length) + kLengthOverhead;
  if (rest_.size() < size) return std::nullopt;
  const std::string_view batch = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return batch;
}

Result<BatchReader> BatchReader::open(std::string_view batch, Buffer& scratch, CrcCheck crc,
                                      std::size_t decompressed_bytes_max) {
  auto header = check_batch(batch, crc);
  if (!header.ok()) return std::move(header).error();
  std::string_view records = batch.substr(kHeaderSize);
  if (header->compression() != Compression::kNone) {
    scratch.clear();
    if (header->record_count > 0 || !records.empty()) {
      Status status = decompress(header->compression(), records, decompressed_bytes_max, scratch);
      if (!status.ok()) return std::move(status).error();
    }
    records = scratch.view();
  }
  return BatchReader(*header, records);
}

bool BatchReader::next(RecordView& record) {
  if (count_read_ == header_.record_count) {
    return cursor_ == end_ ? false : fail("bytes after the last record");
  }
  std::int32_t length = 0;
  const char* at = read_short(cursor_, end_, length);
  if (at == nullptr || length < 0 || length > end_ - at) return fail("record length");
  const char* const end = at + length;
  if (at == end) return fail("record attributes");
  ++at;  // attributes: none are defined

  std::int64_t timestamp_delta = 0;
  at = read_long(at, end, timestamp_delta);
  if (at == nullptr) return fail("timestamp delta");
  std::int32_t offset_delta = 0;
  at = read_short(at, end, offset_delta);
  if (at == nullptr || offset_delta < 0 || offset_delta > header_.last_offset_delta) {
    return fail("offset delta");
  }
  at = read_field(at, end, record.key);
  if (at == nullptr) return fail("key");
  at = read_field(at, end, record.value);
  if (at == nullptr) return fail("value");
  at = read_headers(at, end, record.headers);
  if (at == nullptr) return fail("headers");
  if (at != end) return fail("bytes after the headers");

  record.offset = header_.base_offset + offset_delta;
  record.timestamp = header_.timestamp_type() == TimestampType::kLogAppendTime
                         ? header_.max_timestamp
                         : Timestamp{static_cast<std::int64_t>(
                               static_cast<std::uint64_t>(header_.base_timestamp.value()) +
                               static_cast<std::uint64_t>(timestamp_delta))};
  cursor_ = end;
  ++count_read_;
  return true;
}

bool BatchReader::fail(const char* what) {
  if (status_.ok()) {
    status_ = Error{ErrorCode::kCorrupt,
                    fmt::format("batch at offset {}: record {} of {}: {}", header_.base_offset,
                                count_read_, header_.record_count, what)};
  }
  header_.record_count = count_read_;  // nothing more is read
  cursor_ = end_;
  return false;
}

}  // namespace millrace::wire
