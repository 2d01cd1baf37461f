#include "client/partitioner.h"

#include <cstring>

#include "base/check.h"

namespace millrace::client {
namespace {

constexpr std::uint32_t kSeed = 0x9747b28c;
constexpr std::uint32_t kMultiplier = 0x5bd1e995;
constexpr int kShift = 24;

std::uint32_t byte_at(const char* from, std::size_t index) {
  return static_cast<unsigned char>(from[index]);
}

}  // namespace

std::int32_t murmur2(std::string_view bytes) {
  auto hash = kSeed ^ static_cast<std::uint32_t>(bytes.size());
  const char* cursor = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 4; left -= 4, cursor += 4) {
    std::uint32_t word;  // little-endian, which byte_order.h makes sure the host is
    std::memcpy(&word, cursor, sizeof(word));
    word *= kMultiplier;
    word ^= word >> kShift;
    word *= kMultiplier;
    hash = (hash * kMultiplier) ^ word;
  }
  if (left >= 3) hash ^= byte_at(cursor, 2) << 16U;
  if (left >= 2) hash ^= byte_at(cursor, 1) << 8U;
  if (left >= 1) hash = (hash ^ byte_at(cursor, 0)) * kMultiplier;
  hash ^= hash >> 13U;
  hash *= kMultiplier;
  hash ^= hash >> 15U;
  return static_cast<std::int32_t>(hash);
}

PartitionId partition_for_key(std::string_view key, std::int32_t partition_count) {
  CHECK(partition_count > 0, "a topic has {} partitions", partition_count);
  const std::int32_t positive = murmur2(key) & 0x7fffffff;
  return PartitionId{positive % partition_count};
}

PartitionId StickyPartitioner::next(std::size_t record_bytes, std::int32_t partition_count,
                                    Random& random) {
  CHECK(partition_count > 0, "a topic has {} partitions", partition_count);
  if (current_ < 0 || current_ >= partition_count || bytes_placed_ >= sticky_bytes_) {
    const auto count = static_cast<std::uint64_t>(partition_count);
    if (current_ < 0 || current_ >= partition_count || partition_count == 1) {
      current_ = static_cast<std::int32_t>(random.below(count));
    } else {
      const auto step = 1 + random.below(count - 1);  // never the same one again
      current_ = static_cast<std::int32_t>((static_cast<std::uint64_t>(current_) + step) % count);
    }
    bytes_placed_ = 0;
  }
  bytes_placed_ += record_bytes;
  return PartitionId{current_};
}

}  // namespace millrace::client
