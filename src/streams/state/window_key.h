// The bytes of a windowed key in a changelog: key, window start as int64 big-endian, int32 zero.
// source  Kafka Streams' WindowKeySchema; the last number tells duplicates apart, of which a store
//         of aggregates has none
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/buffer.h"
#include "base/byte_order.h"
#include "base/time.h"

namespace millrace::streams {

inline constexpr std::size_t kWindowKeySuffixBytes = sizeof(std::int64_t) + sizeof(std::int32_t);

struct WindowKey {
  std::string_view key;
  Timestamp start;
};

/// Replaces what `out` holds and returns a view of it.
inline std::string_view encode_window_key(const WindowKey& key, Buffer& out) {
  out.clear();
  out.append(key.key);
  store_big_endian(out.extend(sizeof(std::int64_t)), key.start.value());
  store_big_endian(out.extend(sizeof(std::int32_t)), std::int32_t{0});
  return out.view();
}

/// A view into `bytes`; null when they are too short.
inline std::optional<WindowKey> decode_window_key(std::string_view bytes) {
  if (bytes.size() < kWindowKeySuffixBytes) return std::nullopt;
  const std::size_t key_size = bytes.size() - kWindowKeySuffixBytes;
  return WindowKey{bytes.substr(0, key_size),
                   Timestamp{load_big_endian<std::int64_t>(bytes.data() + key_size)}};
}

}  // namespace millrace::streams
