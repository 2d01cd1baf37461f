#include "storage/producers/producer_snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/buffer.h"
#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "wire/crc32c.h"

namespace millrace::storage {
namespace {

constexpr std::int16_t kVersion = 1;
constexpr std::size_t kCrcAt = 2;
constexpr std::size_t kCrcCoversFrom = 6;
constexpr std::size_t kEntrySize = 8 + 2 + 4 + 8 + 4 + 8 + 4 + 8;
static_assert(kEntrySize == 46);

void write_entry(ByteWriter& writer, ProducerId id, const ProducerEntry& entry) {
  const AppendedBatch last =
      entry.batch_count == 0 ? AppendedBatch{} : entry.batches[entry.batch_count - 1];
  const bool has_batch = entry.batch_count > 0;
  writer.i64(id.value());
  writer.i16(entry.epoch.value());
  writer.i32(last.last_sequence);
  writer.i64(has_batch ? last.last_offset.value() : -1);
  writer.i32(has_batch ? static_cast<std::int32_t>(last.last_offset - last.base_offset) : 0);
  writer.i64(entry.last_timestamp.value());
  writer.i32(entry.coordinator_epoch);
  writer.i64(entry.transaction_start.value_or(kNoOffset).value());
}

/// The sequence `count` before `sequence`, wrapping from 0 to 2^31-1.
std::int32_t sequence_before(std::int32_t sequence, std::int32_t count) {
  const std::int64_t difference = std::int64_t{sequence} - count;
  return static_cast<std::int32_t>(difference < 0 ? difference + INT32_MAX + 1 : difference);
}

void read_entry(ByteReader& reader, ProducerStates& states) {
  const ProducerId id{reader.i64()};
  ProducerEntry entry;
  entry.epoch = ProducerEpoch{reader.i16()};
  const std::int32_t last_sequence = reader.i32();
  const Offset last_offset{reader.i64()};
  const std::int32_t offset_delta = reader.i32();
  entry.last_timestamp = Timestamp{reader.i64()};
  entry.coordinator_epoch = reader.i32();
  const Offset transaction_start{reader.i64()};
  if (transaction_start.value() >= 0) entry.transaction_start = transaction_start;
  if (last_offset.value() >= 0 && offset_delta >= 0 && last_offset.value() >= offset_delta) {
    entry.remember({last_sequence < 0 ? -1 : sequence_before(last_sequence, offset_delta),
                    last_sequence, last_offset + -std::int64_t{offset_delta}, last_offset,
                    entry.last_timestamp});
  }
  states.restore(id, entry);
}

}  // namespace

std::string encode_producer_snapshot(const ProducerStates& states) {
  std::vector<std::pair<ProducerId, const ProducerEntry*>> sorted;
  sorted.reserve(states.entries().size());
  for (const auto& [id, entry] : states.entries()) sorted.emplace_back(id, &entry);
  std::sort(sorted.begin(), sorted.end());

  Buffer bytes(kCrcCoversFrom + 4 + sorted.size() * kEntrySize);
  ByteWriter writer(bytes);
  writer.i16(kVersion);
  writer.u32(0);
  writer.i32(static_cast<std::int32_t>(sorted.size()));
  for (const auto& [id, entry] : sorted) write_entry(writer, id, *entry);
  store_big_endian(bytes.data() + kCrcAt, wire::crc32c(bytes.view().substr(kCrcCoversFrom)));
  return std::string(bytes.view());
}

Result<ProducerStates> decode_producer_snapshot(std::string_view bytes) {
  ByteReader reader(bytes);
  const std::int16_t version = reader.i16();
  const std::uint32_t crc = reader.u32();
  if (!reader.ok()) return reader.status().error();
  if (version != kVersion) {
    return Error{ErrorCode::kUnsupported,
                 fmt::format("producer snapshot: wanted version {}, found {}", kVersion, version)};
  }
  const std::uint32_t computed = wire::crc32c(reader.rest());
  if (crc != computed) {
    return Error{
        ErrorCode::kCorrupt,
        fmt::format("producer snapshot: wanted crc {:#010x}, found {:#010x}", crc, computed)};
  }
  const std::int32_t count = reader.i32();
  if (count < 0 || static_cast<std::size_t>(count) * kEntrySize != reader.remaining()) {
    return Error{ErrorCode::kCorrupt, fmt::format("producer snapshot: {} producers in {} bytes",
                                                  count, reader.remaining())};
  }
  ProducerStates states;
  for (std::int32_t i = 0; i < count; ++i) read_entry(reader, states);
  return states;
}

}  // namespace millrace::storage
