#include "storage/producers/producer_refill.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/probe.h"
#include "storage/segment/segment_format.h"

namespace millrace::storage {
namespace {

/// What is read before asking again whether that was enough.
constexpr std::uint64_t kPieceBytes = std::uint64_t{256} << 10U;

/// A batch start near kRefillBytesMax before the end of the log.
struct Reach {
  std::size_t segment = 0;
  std::uint64_t position = 0;
  Offset offset;
};

Result<Reach> find_reach(const std::vector<std::shared_ptr<Segment>>& segments) {
  std::uint64_t left = kRefillBytesMax;
  std::size_t i = segments.size() - 1;
  for (; i > 0 && segments[i]->size_bytes() < left; --i) left -= segments[i]->size_bytes();
  const Segment& segment = *segments[i];
  Reach reach{i, 0, segment.base_offset()};
  if (segment.size_bytes() <= left) return reach;

  auto start = segment.start_for(segment.base_offset());  // loads the index
  if (!start.ok()) return std::move(start).error();
  reach.position = segment.boundary_before(start->end - left);
  auto first = BatchScanner(*start->file, reach.position, start->end).next();
  if (!first.ok()) return std::move(first).error();
  if (*first) reach.offset = (*first)->header.base_offset;
  return reach;
}

/// The batches of producers in a part of a file, the oldest first.
Result<std::vector<wire::BatchHeader>> producer_batches(const io::File& file, std::uint64_t from,
                                                        std::uint64_t end) {
  std::vector<wire::BatchHeader> headers;
  BatchScanner scanner(file, from, end);
  for (;;) {
    auto place = scanner.next();
    if (!place.ok()) return std::move(place).error();
    if (!*place) return headers;
    if ((*place)->header.has_producer()) headers.push_back((*place)->header);
  }
}

/// Goes from the segment's end back to `until`, a batch start.
Status refill_from(const Segment& segment, std::uint64_t until, Offset reach,
                   ProducerStates& producers) {
  auto start = segment.start_for(segment.base_offset());
  if (!start.ok()) return std::move(start).error();
  std::uint64_t end = start->end;
  while (end > until && producers.lacks_batches(reach)) {
    const std::uint64_t from =
        std::max(until, segment.boundary_before(end - std::min(end, kPieceBytes)));
    const auto headers = producer_batches(*start->file, from, end);
    if (!headers.ok()) return headers.error();
    for (auto header = headers->rbegin(); header != headers->rend(); ++header) {
      producers.apply_older(*header);
    }
    end = from;
  }
  return {};
}

Status refill(const std::vector<std::shared_ptr<Segment>>& segments, ProducerStates& producers) {
  const auto reach = find_reach(segments);
  if (!reach.ok()) return reach.error();
  for (std::size_t i = segments.size(); i > reach->segment; --i) {
    if (!producers.lacks_batches(reach->offset)) break;
    Segment& segment = *segments[i - 1];
    const std::uint64_t until = i - 1 == reach->segment ? reach->position : 0;
    if (Status status = refill_from(segment, until, reach->offset, producers); !status.ok()) {
      return Error{status.error()}.with_context(segment.path(kLogSuffix));
    }
    segment.release_files();
  }
  segments[reach->segment]->release_files();
  return {};
}

}  // namespace

Status refill_producers(const std::vector<std::shared_ptr<Segment>>& segments,
                        ProducerStates& producers) {
  if (segments.empty() || !producers.lacks_batches(Offset{0})) return {};
  PROBE("storage: batches of producers were looked for again in the log");
  Status status = refill(segments, producers);
  if (status.ok() || status.error().code != ErrorCode::kCorrupt) return status;
  LOG_WARN("batches sent again may not be recognised", {{"reason", status.error().to_string()}});
  return {};
}

}  // namespace millrace::storage
