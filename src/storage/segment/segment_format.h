// The files of a segment, byte by byte: names and index entries as Kafka lays them down.
//   00000000000000000042.log        record batches, one after another, as they came
//   00000000000000000042.index      entries of 8 bytes: int32 offset - base, int32 position
//   00000000000000000042.timeindex  entries of 12 bytes: int64 timestamp, int32 offset - base
//   00000000000000000042.txnindex   entries of 34 bytes: int16 version 0, int64 producer id, int64
//   first
//                                   offset, int64 offset of the abort marker, int64 last stable
//                                   offset after it; the file is there only with entries
//   00000000000000000042.snapshot   producers as they were before offset 42
// source  Kafka's OffsetIndex, TimeIndex, TransactionIndex and LogFileUtils
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/ids.h"

namespace millrace::storage {

inline constexpr std::string_view kLogSuffix = ".log";
inline constexpr std::string_view kOffsetIndexSuffix = ".index";
inline constexpr std::string_view kTimeIndexSuffix = ".timeindex";
inline constexpr std::string_view kTransactionIndexSuffix = ".txnindex";
inline constexpr std::string_view kSnapshotSuffix = ".snapshot";
inline constexpr std::string_view kEpochCheckpointName = "leader-epoch-checkpoint";

inline constexpr std::size_t kOffsetDigits = 20;
inline constexpr std::size_t kOffsetIndexEntrySize = sizeof(std::int32_t) + sizeof(std::int32_t);
inline constexpr std::size_t kTimeIndexEntrySize = sizeof(std::int64_t) + sizeof(std::int32_t);
inline constexpr std::size_t kTransactionIndexEntrySize =
    sizeof(std::int16_t) + 4 * sizeof(std::int64_t);
static_assert(kOffsetIndexEntrySize == 8);
static_assert(kTimeIndexEntrySize == 12);
static_assert(kTransactionIndexEntrySize == 34);

/// Positions and offsets from the base are int32 in the indexes.
inline constexpr std::int64_t kSegmentBytesLimit = INT32_MAX;

inline std::string segment_file_name(Offset base, std::string_view suffix) {
  return fmt::format("{:020}{}", base.value(), suffix);
}

/// The offset in a name that is 20 digits and `suffix`; nothing for any other name.
inline std::optional<Offset> offset_of_file(std::string_view name, std::string_view suffix) {
  if (name.size() != kOffsetDigits + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  std::int64_t value = 0;
  const char* const end = name.data() + kOffsetDigits;
  const auto [stopped, error] = std::from_chars(name.data(), end, value);
  if (error != std::errc{} || stopped != end || value < 0) return std::nullopt;
  return Offset{value};
}

}  // namespace millrace::storage
