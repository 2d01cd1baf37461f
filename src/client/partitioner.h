// Which partition a record goes to when its sender does not say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/random.h"
#include "model/ids.h"

namespace millrace::client {

/// MurmurHash2, 32 bits, with the seed of Kafka's Java client.
std::int32_t murmur2(std::string_view bytes);

/// The partition of a keyed record: the same for equal keys, and the same as the Java client's, so
/// that programs in both languages agree.
PartitionId partition_for_key(std::string_view key, std::int32_t partition_count);

/// Places records without a key: stays with one partition for a batch's worth of bytes, so that
/// batches fill, then moves to another at random, so that all partitions get the same share.
/// source  KIP-480, KIP-794
class StickyPartitioner {
 public:
  explicit StickyPartitioner(std::size_t sticky_bytes) : sticky_bytes_(sticky_bytes) {}

  /// The partition for the next record, which takes `record_bytes`.
  PartitionId next(std::size_t record_bytes, std::int32_t partition_count, Random& random);

 private:
  std::size_t sticky_bytes_;
  std::size_t bytes_placed_ = 0;
  std::int32_t current_ = -1;
};

}  // namespace millrace::client
