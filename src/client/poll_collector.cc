#include "client/poll_collector.h"

#include <algorithm>

namespace millrace::client {
namespace {

constexpr std::size_t kReservedRecordsMax = 1024;

/// Records of one partition, by their places in PolledRecords.
struct Range {
  TopicPartition name;
  std::size_t begin;
  std::size_t end;
  Offset next_offset;
  LeaderEpoch epoch;
  Offset high_watermark;
};

}  // namespace

Result<PolledRecords> PollCollector::collect(FetchState& fetch, std::size_t count_max,
                                             bool& made_room) {
  PolledRecords polled;
  std::vector<Range> ranges;
  polled.records_.reserve(std::min(count_max, kReservedRecordsMax));
  while (polled.records_.size() < count_max) {
    const auto ready = fetch.next_ready();
    if (!ready) break;
    const TopicPartition name = *ready->name;
    const std::size_t begin = polled.records_.size();
    const Status status =
        ready->records->read(count_max - begin, polled.records_, polled.keep_alive_);
    const Range range{name,
                      begin,
                      polled.records_.size(),
                      ready->records->next_offset(),
                      ready->records->part().leader_epoch,
                      ready->records->part().high_watermark};
    if (!status.ok()) {
      fetch.seek(name, range.next_offset);
      fetch.set_error(name, Error{status.error()}.with_context(fmt::format("{}", name)));
    } else {
      made_room = fetch.advance(name) || made_room;
    }
    if (range.begin == range.end) continue;
    const bool continues = !ranges.empty() && ranges.back().name == name;
    if (continues) {
      ranges.back().end = range.end;
      ranges.back().next_offset = range.next_offset;
    } else {
      ranges.push_back(range);
    }
  }
  if (polled.records_.empty()) {
    if (auto error = fetch.take_error()) return std::move(*error);
  }
  // Only now, because the records do not move any more.
  for (Range& range : ranges) {
    polled.partitions_.push_back(
        {std::move(range.name),
         std::span<const RecordView>(polled.records_).subspan(range.begin, range.end - range.begin),
         range.next_offset, range.epoch, range.high_watermark});
  }
  return polled;
}

}  // namespace millrace::client
