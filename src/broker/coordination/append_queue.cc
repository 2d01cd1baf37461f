#include "broker/coordination/append_queue.h"

#include <utility>

#include "base/check.h"
#include "wire/record_batch_builder.h"

namespace millrace::broker {

namespace {

// A batch of several appends stays well below max.message.bytes; a single append goes as it is.
constexpr std::size_t kSharedBatchBytesMax = 256 * 1024;

std::size_t size_of(const LogAppend& append) {
  std::size_t size = 0;
  for (const LogRecord& record : append.records) {
    size += wire::RecordBatchBuilder::record_size_max(record.key, record.value, {});
  }
  return size;
}

PartitionId partition_of(const LogAppend& append, std::int32_t partition_count) {
  return append.marker ? append.marker->partition
                       : broker::partition_of(append.owner, partition_count);
}

struct CodePoint {
  std::uint32_t value;
  std::size_t size_bytes;
};

/// The code point at the front of `text`, which is taken for UTF-8. Ids come as strings of the
/// protocol and need not be: then as many bytes as the first announces count as one point, whatever
/// they hold (a lone 0x80–0xbf takes the next one along), and each alone where fewer are left.
CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::uint32_t first = byte(0);
  const std::size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (size == 1 || size > text.size()) return {first, 1};
  std::uint32_t value = first & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) value = (value << 6U) | (byte(i) & 0x3fU);
  return {value, size};
}

/// java.lang.String.hashCode: over UTF-16 units, so that a code point beyond 16 bits counts as two.
std::uint32_t java_string_hash(std::string_view text) {
  constexpr std::uint32_t kBeyond16Bits = 0x10000;
  std::uint32_t hash = 0;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    text.remove_prefix(point.size_bytes);
    if (point.value < kBeyond16Bits) {
      hash = hash * 31 + point.value;
      continue;
    }
    const std::uint32_t rest = point.value - kBeyond16Bits;
    hash = hash * 31 + (0xd800 + (rest >> 10U));
    hash = hash * 31 + (0xdc00 + (rest & 0x3ffU));
  }
  return hash;
}

}  // namespace

PartitionId partition_of(std::string_view owner, std::int32_t partition_count) {
  CHECK(partition_count > 0, "an internal topic has {} partitions", partition_count);
  const auto hash = static_cast<std::int32_t>(java_string_hash(owner));
  const std::int32_t positive = hash == INT32_MIN ? 0 : hash < 0 ? -hash : hash;
  return PartitionId{positive % partition_count};
}

Buffer AppendQueue::Batch::encode() const {
  wire::BatchOptions options;
  if (producer.has_value()) {
    options.producer_id = producer->id;
    options.producer_epoch = producer->epoch;
    options.is_transactional = true;
  }
  wire::RecordBatchBuilder builder(options);
  for (const LogAppend& append : appends) {
    for (const LogRecord& record : append.records) {
      builder.append(append.timestamp, record.key, record.value);
    }
  }
  return builder.build();
}

std::optional<AppendQueue::Batch> AppendQueue::take(std::int32_t partition_count) {
  if (waiting_.empty()) return std::nullopt;
  Batch batch;
  batch.partition = partition_of(waiting_.front(), partition_count);
  batch.producer = waiting_.front().producer;
  std::size_t size_bytes = 0;
  bool is_full = false;
  std::deque<LogAppend> left;
  for (LogAppend& append : waiting_) {
    const bool belongs = !is_full && partition_of(append, partition_count) == batch.partition;
    size_bytes += belongs ? size_of(append) : 0;
    // Once one did not fit, later ones must not overtake it.
    is_full = is_full || (size_bytes > kSharedBatchBytesMax && !batch.ids.empty()) ||
              (belongs && append.producer != batch.producer) ||
              (belongs && !batch.ids.empty() && (append.marker || batch.marker() != nullptr));
    if (!belongs || is_full) {
      left.push_back(std::move(append));
      continue;
    }
    batch.ids.push_back(append.id);
    batch.appends.push_back(std::move(append));
  }
  waiting_ = std::move(left);
  return batch;
}

std::vector<AppendId> AppendQueue::take_all() {
  std::vector<AppendId> ids;
  for (const LogAppend& append : waiting_) ids.push_back(append.id);
  waiting_.clear();
  return ids;
}

}  // namespace millrace::broker
