#include "cli/reading_start.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string>

namespace millrace::cli {
namespace {

std::optional<LastRecords> parse_last_records(std::string_view text) {
  if (text.size() < 2 || text[0] != '-' || text[1] == '-') return std::nullopt;
  text.remove_prefix(1);
  LastRecords last;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), last.count);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return last;
}

std::string_view without_kcats_words(std::string_view text) {
  if (text == "beginning") return "earliest";
  if (text == "end") return "latest";
  if (text.starts_with("s@")) return text.substr(1);
  return text;
}

Status seek_to_time(client::Consumer& consumer, const client::PartitionList& partitions,
                    Timestamp time, Console& console) {
  std::map<TopicPartition, Timestamp> times;
  for (const auto& partition : partitions) times.emplace(partition, time);
  const auto found = consumer.offsets_for_times(times);
  if (!found.ok()) return found.error();
  if (found->empty()) {
    console.note("no record is from {} or later; reading on from the end\n", to_iso_time(time));
  }
  for (const auto& partition : partitions) {
    const auto offset = found->find(partition);
    auto status = offset == found->end() ? consumer.seek_to_end({partition})
                                         : consumer.seek(partition, offset->second.offset);
    if (!status.ok()) return status;
  }
  return {};
}

/// offset_in  of a partition's begin and end: where to go, or why not
template <class OffsetIn>
Status seek_within(client::Consumer& consumer, const client::PartitionList& partitions,
                   OffsetIn offset_in) {
  const auto begins = consumer.beginning_offsets(partitions);
  if (!begins.ok()) return begins.error();
  const auto ends = consumer.end_offsets(partitions);
  if (!ends.ok()) return ends.error();
  for (const auto& partition : partitions) {
    const Result<Offset> offset = offset_in(partition, begins->at(partition), ends->at(partition));
    if (!offset.ok()) return offset.error();
    if (auto status = consumer.seek(partition, *offset); !status.ok()) return status;
  }
  return {};
}

Status seek_to_offset(client::Consumer& consumer, const client::PartitionList& partitions,
                      Offset offset) {
  const auto checked = [&](const TopicPartition& partition, Offset begin,
                           Offset end) -> Result<Offset> {
    if (offset >= begin && offset <= end) return offset;
    return Error{ErrorCode::kInvalidArgument, fmt::format("wanted --from {} to {} in {}, found {}",
                                                          begin, end, partition, offset)};
  };
  return seek_within(consumer, partitions, checked);
}

Status seek_to_last(client::Consumer& consumer, const client::PartitionList& partitions,
                    LastRecords last) {
  const auto before_end = [&](const TopicPartition& /*partition*/, Offset begin,
                              Offset end) -> Result<Offset> {
    return Offset{end.value() - std::min(last.count, end - begin)};
  };
  return seek_within(consumer, partitions, before_end);
}

}  // namespace

Result<ReadingStart> parse_reading_start(std::string_view text) {
  if (const auto last = parse_last_records(text)) return ReadingStart{*last};
  const auto position = parse_start_position("--from", without_kcats_words(text));
  if (position.ok()) return ReadingStart{*position};
  return Error{ErrorCode::kInvalidArgument,
               fmt::format("wanted --from earliest, latest, an offset, -N for the last N of each "
                           "partition, a UTC time such as 2015-05-17T10:05:03Z or @MILLISECONDS, "
                           "found \"{}\"",
                           text)};
}

Status start_reading(client::Consumer& consumer, const client::PartitionList& partitions,
                     const ReadingStart& start, Console& console) {
  if (auto status = consumer.assign(partitions); !status.ok()) return status;
  if (const auto* const last = std::get_if<LastRecords>(&start)) {
    return seek_to_last(consumer, partitions, *last);
  }
  const auto& position = std::get<StartPosition>(start);
  if (const auto* const time = std::get_if<Timestamp>(&position)) {
    return seek_to_time(consumer, partitions, *time, console);
  }
  if (const auto* const offset = std::get_if<Offset>(&position)) {
    return seek_to_offset(consumer, partitions, *offset);
  }
  return std::get<LogEnd>(position) == LogEnd::kEarliest ? consumer.seek_to_beginning(partitions)
                                                         : consumer.seek_to_end(partitions);
}

}  // namespace millrace::cli
