#include "storage/segment/segment_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/buffer.h"
#include "wire/batch_header.h"
#include "wire/crc32c.h"

namespace millrace::storage {
namespace {

constexpr std::size_t kWindowSize = std::size_t{1} << 20U;

/// A window on a file that moves forward.
class FileWindow {
 public:
  explicit FileWindow(const io::File& file) : file_(file), end_(file.size()) {
    bytes_.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(kWindowSize, end_)));
  }

  std::uint64_t end() const { return end_; }

  /// Up to `wanted` bytes at `position`: fewer at the end of the file and beyond the window's size.
  Result<std::string_view> at(std::uint64_t position, std::size_t wanted) {
    wanted = static_cast<std::size_t>(
        std::min<std::uint64_t>(std::min(wanted, kWindowSize), end_ - position));
    if (position < start_ || position + wanted > start_ + bytes_.size()) {
      const auto size =
          static_cast<std::size_t>(std::min<std::uint64_t>(kWindowSize, end_ - position));
      bytes_.resize_uninitialized(size);
      auto count = file_.read_at(position, {bytes_.data(), size});
      if (!count.ok()) return std::move(count).error();
      bytes_.resize_uninitialized(*count);
      start_ = position;
    }
    return bytes_.view().substr(static_cast<std::size_t>(position - start_)).substr(0, wanted);
  }

 private:
  const io::File& file_;
  std::uint64_t end_;
  std::uint64_t start_ = 0;
  Buffer bytes_;
};

/// The CRC of a batch that is larger than the window, piece by piece.
Result<std::uint32_t> crc_of(FileWindow& window, std::uint64_t from, std::uint64_t end) {
  std::uint32_t crc = 0;
  while (from < end) {
    auto piece = window.at(from, static_cast<std::size_t>(end - from));
    if (!piece.ok()) return std::move(piece).error();
    if (piece->empty()) return Error{ErrorCode::kIo, "the file shrank while it was read"};
    crc = wire::crc32c(*piece, crc);
    from += piece->size();
  }
  return crc;
}

struct Verdict {
  wire::BatchHeader header;
  std::string bad;  // empty: a valid batch
};

/// errors  kIo only
Result<Verdict> check_at(FileWindow& window, std::uint64_t position) {
  Verdict verdict;
  auto head = window.at(position, wire::batch_format::kHeaderSize);
  if (!head.ok()) return std::move(head).error();
  auto header = wire::read_batch_header(*head);
  if (!header.ok()) {
    verdict.bad = header.error().message;
    return verdict;
  }
  verdict.header = *header;
  const std::size_t size = header->size_bytes();
  if (size > window.end() - position) {
    verdict.bad = fmt::format("batch of {} bytes, {} are left", size, window.end() - position);
    return verdict;
  }
  auto bytes = window.at(position, size);
  if (!bytes.ok()) return std::move(bytes).error();
  if (bytes->size() == size) {
    if (auto checked = wire::check_batch(*bytes); !checked.ok()) {
      verdict.bad = checked.error().message;
    }
    return verdict;
  }
  auto crc = crc_of(window, position + wire::batch_format::kCrcCoversFrom, position + size);
  if (!crc.ok()) return std::move(crc).error();
  if (*crc != header->crc || header->last_offset_delta < 0) {
    verdict.bad = fmt::format("wanted crc {:#010x}, found {:#010x}", header->crc, *crc);
  }
  return verdict;
}

/// Why a batch cannot come next; empty when it can.
std::string out_of_place(const ScannedSegment& scanned, Offset base,
                         const wire::BatchHeader& header) {
  const SegmentExtent& extent = scanned.extent;
  if (header.base_offset < extent.next_offset || header.last_offset() - base > INT32_MAX) {
    return fmt::format("offset {} where {} comes next", header.base_offset, extent.next_offset);
  }
  if (extent.size_bytes + header.size_bytes() > static_cast<std::uint64_t>(INT32_MAX)) {
    return "the segment is larger than 2 GiB";
  }
  return {};
}

void take(const wire::BatchHeader& header, std::int64_t index_interval_bytes,
          ScannedSegment& scanned) {
  SegmentExtent& extent = scanned.extent;
  scanned.indexes.add(header, static_cast<std::uint32_t>(extent.size_bytes), index_interval_bytes);
  extent.size_bytes += header.size_bytes();
  extent.next_offset = header.next_offset();
  scanned.has_markers |= header.is_control() && header.has_producer();
  if (scanned.epochs.is_new(header.partition_leader_epoch)) {
    scanned.epochs.assign(header.partition_leader_epoch, header.base_offset);
  }
}

/// The batches before `known_end`, by their headers; none when these do not lead there.
/// errors  kIo
/// cost    one read of 8 KiB for every 8 KiB, or for each batch that is larger
Result<ScannedSegment> take_known(const io::File& file, Offset base, Offset known_end,
                                  std::int64_t index_interval_bytes) {
  ScannedSegment known(base);
  for (BatchScanner scanner(file, 0, file.size()); known.extent.next_offset < known_end;) {
    const auto place = scanner.next();
    if (!place.ok() && place.error().code != ErrorCode::kCorrupt) return place.error();
    if (!place.ok() || !*place) break;
    const wire::BatchHeader& header = (*place)->header;
    if (header.last_offset_delta < 0 || !out_of_place(known, base, header).empty()) break;
    take(header, index_interval_bytes, known);
  }
  return known.extent.next_offset == known_end ? std::move(known) : ScannedSegment(base);
}

}  // namespace

Result<ScannedSegment> scan_segment(const io::File& file, Offset base, Offset known_end,
                                    std::int64_t index_interval_bytes) {
  auto known = take_known(file, base, known_end, index_interval_bytes);
  if (!known.ok()) return known;
  ScannedSegment& scanned = *known;
  FileWindow window(file);
  while (scanned.extent.size_bytes < window.end()) {
    auto verdict = check_at(window, scanned.extent.size_bytes);
    if (!verdict.ok()) return std::move(verdict).error();
    if (verdict->bad.empty()) verdict->bad = out_of_place(scanned, base, verdict->header);
    if (!verdict->bad.empty()) {
      scanned.bad = fmt::format("at byte {}: {}", scanned.extent.size_bytes, verdict->bad);
      break;
    }
    take(verdict->header, index_interval_bytes, scanned);
  }
  scanned.extent.max_timestamp = scanned.indexes.max_timestamp;
  return known;
}

Result<bool> holds_whole_batch(const io::File& file, std::uint64_t position) {
  FileWindow window(file);
  for (; position + wire::batch_format::kHeaderSize <= window.end(); ++position) {
    auto verdict = check_at(window, position);
    if (!verdict.ok()) return std::move(verdict).error();
    if (verdict->bad.empty()) return true;
  }
  return false;
}

}  // namespace millrace::storage
