#include "storage/log_config.h"

#include <algorithm>

namespace millrace::storage {

std::int64_t LogConfig::roll_ms() const {
  return cleanup_policy_compact ? std::min(segment_ms, max_compaction_lag_ms) : segment_ms;
}

wire::CompressionLevel LogConfig::compression_level() const {
  using wire::Compression;
  const Compression codec = compression.value_or(Compression::kNone);
  if (codec == Compression::kLz4) return static_cast<int>(compression_lz4_level);
  if (codec == Compression::kZstd) return static_cast<int>(compression_zstd_level);
  if (codec == Compression::kGzip && compression_gzip_level >= 0) {
    return static_cast<int>(compression_gzip_level);
  }
  return std::nullopt;
}

}  // namespace millrace::storage
