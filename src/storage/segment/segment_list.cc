#include "storage/segment/segment_list.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace millrace::storage {
namespace {

/// Sealed segments whose files stay open after a read: one a reader that goes through old records.
constexpr std::size_t kOpenSealedMax = 4;

}  // namespace

std::size_t SegmentList::count() const {
  return segments_.with([](const Segments& segments) { return segments.size(); });
}

std::uint64_t SegmentList::size_bytes() const {
  return segments_.with([](const Segments& segments) {
    std::uint64_t size = 0;
    for (const auto& segment : segments) size += segment->size_bytes();
    return size;
  });
}

SegmentList::Segments SegmentList::all() const {
  return segments_.with([](const Segments& segments) { return segments; });
}

std::shared_ptr<Segment> SegmentList::last() const {
  return segments_.with([](const Segments& segments) { return segments.back(); });
}

SegmentList::Found SegmentList::find(Offset offset) const {
  return segments_.with([offset](const Segments& segments) {
    auto next = std::upper_bound(segments.begin(), segments.end(), offset,
                                 [](Offset wanted, const std::shared_ptr<Segment>& segment) {
                                   return wanted < segment->base_offset();
                                 });
    if (next != segments.begin()) --next;
    const auto after = next + 1;
    return Found{*next, after == segments.end() ? kNoOffset : (*after)->base_offset()};
  });
}

void SegmentList::keep_open(const std::shared_ptr<Segment>& segment) const {
  open_sealed_.with([&](Segments& open) {
    const auto found = std::find(open.begin(), open.end(), segment);
    if (found != open.end()) {
      std::rotate(found, found + 1, open.end());
      return;
    }
    open.push_back(segment);
    if (open.size() <= kOpenSealedMax) return;
    open.front()->release_files();
    open.erase(open.begin());
  });
}

void SegmentList::add(std::shared_ptr<Segment> active) {
  segments_.with([&](Segments& segments) { segments.push_back(std::move(active)); });
}

bool SegmentList::holds(const Segments& run) const {
  return segments_.with([&](const Segments& segments) {
    const auto sealed_end = segments.end() - 1;
    return !run.empty() &&
           std::search(segments.begin(), sealed_end, run.begin(), run.end()) != sealed_end;
  });
}

void SegmentList::replace(const Segments& run, std::shared_ptr<Segment> copy) {
  segments_.with([&](Segments& segments) {
    const auto first = std::search(segments.begin(), segments.end() - 1, run.begin(), run.end());
    CHECK(!run.empty() && first != segments.end() - 1, "the list does not hold the run");
    CHECK(copy->base_offset() == run.front()->base_offset(), "a copy at {} for a run from {}",
          copy->base_offset(), run.front()->base_offset());
    *first = std::move(copy);
    segments.erase(first + 1, first + static_cast<std::ptrdiff_t>(run.size()));
  });
  open_sealed_.with([&](Segments& open) {
    std::erase_if(
        open, [&](const auto& one) { return std::find(run.begin(), run.end(), one) != run.end(); });
  });
}

void SegmentList::remove_oldest() {
  const auto oldest = segments_.with([](Segments& segments) {
    CHECK(segments.size() > 1, "the active segment stays");
    auto first = segments.front();
    segments.erase(segments.begin());
    return first;
  });
  open_sealed_.with([&](Segments& open) { std::erase(open, oldest); });
}

}  // namespace millrace::storage
