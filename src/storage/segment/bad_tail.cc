#include "storage/segment/bad_tail.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/log.h"
#include "base/probe.h"
#include "storage/segment/segment_format.h"

namespace millrace::storage {
namespace {

constexpr std::size_t kCopyChunkSize = std::size_t{1} << 16U;

/// Lets `copy` hold what `file` does from `position` on, and be on disk.
Status copy_from(const io::File& file, std::uint64_t position, io::File& copy) {
  if (Status status = copy.truncate(0); !status.ok()) return status;
  std::vector<char> chunk(kCopyChunkSize);
  while (position < file.size()) {
    auto count = file.read_at(position, chunk);
    if (!count.ok()) return std::move(count).error();
    if (*count == 0) break;
    if (Status status = copy.append({chunk.data(), *count}); !status.ok()) return status;
    position += *count;
  }
  return copy.sync();
}

/// Copies the bytes from `position` on beside the file when there are whole batches among them: no
/// torn write, but a bad place before good records, which an operator may want to look at.
Status save_whole_batches(const SegmentLoading& loading, Offset base, const io::File& file,
                          std::uint64_t position) {
  auto found = holds_whole_batch(file, position);
  if (!found.ok()) return std::move(found).error();
  if (!*found) return {};
  const std::string name = loading.path(base, fmt::format("{}.corrupt-{}", kLogSuffix, position));
  LOG_ERROR("whole batches lie beyond bad bytes, keeping them beside the log", {{"path", name}});
  auto copy = loading.files.open(name, io::OpenMode::kCreateOrReadWrite);
  if (!copy.ok()) return std::move(copy).error();
  Status status = copy_from(file, position, *copy.value());
  // A part of it would take what room there is on a full disk, and be made anew anyway.
  if (!status.ok()) (void)loading.files.remove(name);
  return status;
}

}  // namespace

Status cut_bad_tail(const SegmentLoading& loading, Offset base, io::File& file,
                    const ScannedSegment& scanned) {
  const auto bytes = static_cast<std::int64_t>(file.size() - scanned.extent.size_bytes);
  PROBE("storage: recovery cut off a torn end");
  LOG_WARN("cutting off what is no whole batch",
           {{"path", loading.path(base, kLogSuffix)}, {"bytes", bytes}, {"reason", scanned.bad}});
  Status status = save_whole_batches(loading, base, file, scanned.extent.size_bytes);
  if (!status.ok()) return status;
  loading.loaded.report.bytes_truncated += bytes;
  if (status = file.truncate(scanned.extent.size_bytes); !status.ok()) return status;
  // Synced before anything is appended: what was cut off must not come back behind new records.
  return file.sync();
}

Status put_segment_aside(const SegmentLoading& loading, Offset base) {
  const auto file = loading.files.open(loading.path(base, kLogSuffix), io::OpenMode::kRead);
  if (!file.ok()) return file.error();
  auto found = holds_whole_batch(*file.value(), 0);
  if (!found.ok()) return std::move(found).error();
  if (!*found) return {};
  const std::string name = loading.path(base, fmt::format("{}.corrupt-0", kLogSuffix));
  LOG_ERROR("a segment lies beyond the end of the log, keeping it beside the log",
            {{"path", name}});
  return loading.files.rename(loading.path(base, kLogSuffix), name);
}

}  // namespace millrace::storage
