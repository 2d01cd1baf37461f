#include "client/consumer/poll_collector.h"

#include <algorithm>

namespace millrace::client {
namespace {

constexpr std::size_t kReservedRecordsMax = 10'000;

/// Records of one partition, by their places in PolledRecords; none when all that was read is
/// nothing to give out.
struct Range {
  TopicPartition name;
  std::size_t begin;
  std::size_t end;
  Offset next_offset;
  LeaderEpoch epoch;
  Offset readable_end;
};

}  // namespace

PollCollector::Collected PollCollector::collect(FetchState& fetch, std::size_t count_max) {
  PolledRecords polled;
  bool made_room = false;
  std::vector<Range> ranges;
  polled.records_.reserve(std::min(count_max, kReservedRecordsMax));
  while (polled.records_.size() < count_max) {
    const auto ready = fetch.next_ready();
    if (!ready) break;
    Range range{.name = *ready->name,
                .begin = polled.records_.size(),
                .end = polled.records_.size(),
                .next_offset = {},
                .epoch = {},
                .readable_end = {}};
    const std::optional<Offset> position_before = fetch.position(range.name);
    // All that the partition has, so that its records lie side by side.
    FetchedRecords* records = ready->records;
    while (records != nullptr && polled.records_.size() < count_max) {
      const Status status =
          records->read(count_max - polled.records_.size(), polled.records_, polled.keep_alive_);
      range.end = polled.records_.size();
      range.next_offset = records->next_offset();
      range.epoch = records->epoch();
      range.readable_end = records->readable_end();
      if (!status.ok()) {
        fetch.seek(range.name, range.next_offset);
        fetch.set_error(range.name,
                        Error{status.error()}.with_context(fmt::format("{}", range.name)));
        break;
      }
      made_room = fetch.advance(range.name) || made_room;
      records = fetch.ready_records(range.name);
    }
    if (range.next_offset != position_before) ranges.push_back(std::move(range));
  }
  if (ranges.empty()) {
    if (auto error = fetch.take_error()) return {std::move(*error), true};
  }
  // Only now, because the records do not move any more.
  for (Range& range : ranges) {
    polled.partitions_.push_back(
        {std::move(range.name),
         std::span<const RecordView>(polled.records_).subspan(range.begin, range.end - range.begin),
         range.next_offset, range.epoch, range.readable_end});
  }
  return {std::move(polled), made_room};
}

}  // namespace millrace::client
