#include "wire/record_walk.h"

#include <fmt/format.h>

#include <algorithm>

#include "wire/internal/record_fields.h"

namespace millrace::wire {
namespace {

using internal::read_long;
using internal::read_short;
using internal::skip_field;
using internal::skip_headers;

constexpr std::size_t kVarintBytesMax = 5;

/// Gives what inflates to a walk, and keeps what that takes.
class KeptRecords final : public PieceTaker {
 public:
  KeptRecords(RecordWalk& walk, Buffer& kept) : walk_(walk), kept_(kept) {}

  Result<std::size_t> take(std::string_view bytes) override {
    auto count = walk_.take(bytes);
    if (count.ok()) kept_.append(bytes.substr(0, *count));
    return count;
  }

 private:
  RecordWalk& walk_;
  Buffer& kept_;
};

}  // namespace

Result<std::size_t> RecordWalk::take(std::string_view bytes) {
  Piece piece{bytes.data(), bytes.data() + bytes.size()};
  while (status_.ok() && piece.at != piece.end && walk(piece)) {
  }
  const auto left = static_cast<std::size_t>(piece.end - piece.at);
  taken_bytes_ += bytes.size() - left;
  left_bytes_ = left;
  if (!status_.ok()) return status_.error();
  return bytes.size() - left;
}

Result<RecordFacts> RecordWalk::finish() {
  if (status_.ok() && (left_bytes_ > 0 || skip_left_ > 0 || step_ != Step::kRecord)) {
    fail("ends in its middle");
  }
  if (status_.ok() && count_ != header_.record_count) fail("is missing");
  if (!status_.ok()) return status_.error();
  return facts_;
}

/// Goes one step; false when the piece ends in a field, or what it says makes no sense.
bool RecordWalk::walk(Piece& piece) {
  if (step_ == Step::kRecord && skip_left_ == 0) return begin_record(piece);
  const std::int64_t count = std::min<std::int64_t>(skip_left_, piece.end - piece.at);
  piece.at += count;
  skip_left_ -= count;
  record_left_ -= count;
  if (skip_left_ > 0) return false;
  return walk_rest(piece);
}

inline bool RecordWalk::note(std::int64_t timestamp_delta, std::int32_t offset_delta,
                             bool has_key) {
  if (offset_delta != count_) [[unlikely]] {
    return fail(fmt::format("has offset delta {}, wanted {}", offset_delta, count_));
  }
  if (!has_key && keys_ == KeyRule::kRequired) return fail("has no key, the topic is compacted");
  const Timestamp timestamp{
      static_cast<std::int64_t>(static_cast<std::uint64_t>(header_.base_timestamp.value()) +
                                static_cast<std::uint64_t>(timestamp_delta))};
  ++count_;
  if (timestamp == kNoTimestamp) return true;
  const bool is_first = facts_.max_timestamp == kNoTimestamp;
  if (is_first || timestamp > facts_.max_timestamp) facts_.max_timestamp = timestamp;
  if (is_first || timestamp < facts_.min_timestamp) facts_.min_timestamp = timestamp;
  return true;
}

inline bool RecordWalk::whole_record(const char* at, const char* end) {
  ++at;  // attributes
  std::int64_t timestamp_delta = 0;
  std::int32_t offset_delta = 0;
  std::int32_t key_length = 0;
  std::int32_t value_length = 0;
  std::int32_t header_count = 0;
  at = read_long(at, end, timestamp_delta);
  if (at != nullptr) at = read_short(at, end, offset_delta);
  if (at != nullptr) at = skip_field(at, end, key_length);
  if (at != nullptr) at = skip_field(at, end, value_length);
  if (at != nullptr) at = read_short(at, end, header_count);
  if (at != nullptr && header_count != 0) {
    at = header_count < 0 ? nullptr : skip_headers(at, end, header_count);
  }
  if (at != end) return fail("has fields that do not fill it");
  return note(timestamp_delta, offset_delta, key_length >= 0);
}

/// Reads the whole records that the piece begins with, nearly all there are. What it leaves is cut,
/// or makes no sense.
bool RecordWalk::walk_whole_records(Piece& piece) {
  while (piece.at != piece.end && count_ != header_.record_count) {
    std::int32_t length = 0;
    const char* const at = read_short(piece.at, piece.end, length);
    if (at == nullptr || length <= 0 || length > piece.end - at) return true;
    piece.at = at + length;
    if (!whole_record(at, piece.at)) return false;
  }
  return true;
}

/// Reads whole records, and what stands before the key of one that the piece does not hold whole.
bool RecordWalk::begin_record(Piece& piece) {
  if (!walk_whole_records(piece)) return false;
  if (piece.at == piece.end) return true;
  if (count_ == header_.record_count) return fail("is one too many, or bytes follow the last");
  const bool may_be_cut = piece.end - piece.at < static_cast<std::ptrdiff_t>(kLeftBytesMax);
  std::int32_t length = 0;
  const char* at = read_short(piece.at, piece.end, length);
  if (at == nullptr) return may_be_cut ? false : fail("has no length");
  if (length <= 0) return fail("has a length that cannot be");
  const char* const fields = at;
  if (at == piece.end) return false;
  ++at;  // attributes: none are defined
  std::int64_t timestamp_delta = 0;
  std::int32_t offset_delta = 0;
  std::int32_t key_length = 0;
  at = read_long(at, piece.end, timestamp_delta);
  if (at != nullptr) at = read_short(at, piece.end, offset_delta);
  if (at != nullptr) at = read_short(at, piece.end, key_length);
  if (at == nullptr) return may_be_cut ? false : fail("begins with nonsense");
  record_left_ = length - (at - fields);
  piece.at = at;
  return note(timestamp_delta, offset_delta, key_length >= 0) && skip(key_length, Step::kValue);
}

/// Reads the field after the one that was skipped.
bool RecordWalk::walk_rest(Piece& piece) {
  if (step_ == Step::kRecord) return end_record();
  const std::ptrdiff_t available = std::min<std::ptrdiff_t>(piece.end - piece.at, record_left_);
  std::int32_t number = 0;
  const char* const at = read_short(piece.at, piece.at + available, number);
  if (at == nullptr) {
    const bool is_cut = available < record_left_ && available < std::ptrdiff_t{kVarintBytesMax};
    return is_cut ? false : fail("has a length that passes its end");
  }
  record_left_ -= at - piece.at;
  piece.at = at;
  switch (step_) {
    case Step::kRecord:
      break;
    case Step::kValue:
      return skip(number, Step::kHeaderCount);
    case Step::kHeaderCount:
      if (number < 0) return fail("has a count of headers that cannot be");
      headers_left_ = number;
      return number == 0 ? end_record() : skip(0, Step::kHeaderKey);
    case Step::kHeaderKey:
      return number < 0 ? fail("has a header without key") : skip(number, Step::kHeaderValue);
    case Step::kHeaderValue:
      --headers_left_;
      return skip(number, headers_left_ > 0 ? Step::kHeaderKey : Step::kRecord);
  }
  return end_record();
}

/// Leaves out a field of `length` bytes, -1 for null, and then goes on with `next`.
bool RecordWalk::skip(std::int32_t length, Step next) {
  if (length < -1 || length > record_left_) return fail("has a length that passes its end");
  skip_left_ = std::max(length, 0);
  step_ = next;
  return skip_left_ > 0 || next != Step::kRecord || end_record();
}

bool RecordWalk::end_record() {
  step_ = Step::kRecord;
  return record_left_ == 0 ? true : fail("has bytes after its headers");
}

bool RecordWalk::fail(std::string_view what) {
  status_ = Error{ErrorCode::kCorrupt,
                  fmt::format("record {} of {} {}", count_, header_.record_count, what)};
  return false;
}

Result<RecordFacts> check_records(std::string_view batch, const BatchHeader& header,
                                  const RecordCheck& wanted, InflationBudget& budget) {
  const std::string_view records = batch.substr(batch_format::kHeaderSize);
  RecordWalk walk(header, wanted.keys);
  if (header.compression() == Compression::kNone) {
    if (auto taken = walk.take(records); !taken.ok()) return std::move(taken).error();
    return walk.finish();
  }
  const std::size_t bytes_max = std::min(budget.left_bytes, kDecompressedBytesMaxDefault);
  Status status;
  if (wanted.inflated == nullptr) {
    status = decompress_pieces(header.compression(), records, bytes_max, walk);
  } else {
    KeptRecords kept(walk, *wanted.inflated);
    status = decompress_pieces(header.compression(), records, bytes_max, kept);
  }
  budget.left_bytes -= std::min(budget.left_bytes, walk.seen_bytes());
  if (!status.ok()) return std::move(status).error();
  return walk.finish();
}

}  // namespace millrace::wire
