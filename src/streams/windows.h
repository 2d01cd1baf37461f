// Windows: which records are counted together by their time, when a window is final, and the key
// under which its result travels.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

#include "base/buffer.h"
#include "base/byte_order.h"
#include "base/check.h"
#include "base/result.h"
#include "base/saturating.h"
#include "base/time.h"
#include "streams/serde.h"

namespace millrace::streams {

/// Times from `start` up to, not including, `end`.
struct Window {
  Timestamp start;
  Timestamp end;

  auto operator<=>(const Window&) const = default;
};

/// Where a window of `size` that starts at `start` ends; no later than time itself.
inline Timestamp window_end(Timestamp start, Millis size) {
  return timestamp_after(start, size);
}

/// Fixed-size windows side by side, aligned to 1970-01-01 UTC: a record belongs to exactly one.
///
/// Stream time is the largest timestamp seen so far. A window is closed once stream time reaches
/// its end plus the grace period; a record for a closed window is late: dropped and counted.
/// source  Kafka Streams, TimeWindows and KIP-328
class TumblingWindows {
 public:
  /// Windows of `size` without grace: late as soon as stream time reaches their end.
  /// size  more than zero
  static TumblingWindows of_size(Millis size) {
    CHECK(size.count() > 0, "a window's size is more than zero, not {} ms", size.count());
    return TumblingWindows(size, Millis{0});
  }
  /// How long after its end, in stream time, a window still takes records. Not negative.
  TumblingWindows grace(Millis grace) const {
    CHECK(grace.count() >= 0, "a grace period is not negative: {} ms", grace.count());
    return TumblingWindows(size_, grace);
  }

  Millis size() const { return size_; }
  Millis grace() const { return grace_; }
  /// The window that holds `time`, which is not negative.
  Window window_of(Timestamp time) const {
    const std::int64_t start = time.value() - time.value() % size_.count();
    return {Timestamp{start}, window_end(Timestamp{start}, size_)};
  }

 private:
  TumblingWindows(Millis size, Millis grace) : size_(size), grace_(grace) {}

  Millis size_;
  Millis grace_;
};

/// When a windowed result is sent on.   source  KIP-825
enum class EmitStrategy {
  kOnWindowUpdate,  // each update at once, so a window's last result is its final one
  kOnWindowClose    // once, when the window is closed: by window start, then by key
};

/// The key of a windowed result.
template <class K>
struct Windowed {
  K key{};
  Window window{};

  auto operator<=>(const Windowed&) const = default;
};

/// A windowed key on a topic: the key's bytes, then the window's start, int64 big-endian. The end
/// is not written, so reading needs the size.   source  Kafka's TimeWindowedSerializer
template <class K>
class WindowedSerde {
 public:
  WindowedSerde(AnySerde<K> inner, Millis window_size)
      : inner_(std::move(inner)), window_size_(window_size) {}

  void encode(const Windowed<K>& value, Buffer& out) const {
    Buffer scratch;  // stays empty, without memory, for keys that are bytes already
    out.append(inner_.bytes_of(value.key, scratch).value_or(std::string_view{}));
    store_big_endian(out.extend(sizeof(std::int64_t)), value.window.start.value());
  }
  Result<Windowed<K>> decode(std::string_view bytes) const {
    if (bytes.size() < sizeof(std::int64_t)) {
      return Error{ErrorCode::kCorrupt, "a windowed key ends in 8 bytes of window start"};
    }
    const std::size_t key_size = bytes.size() - sizeof(std::int64_t);
    auto key = inner_.decode(bytes.substr(0, key_size));
    if (!key.ok()) return std::move(key).error();
    const Timestamp start{load_big_endian<std::int64_t>(bytes.data() + key_size)};
    return Windowed<K>{std::move(*key), {start, window_end(start, window_size_)}};
  }
  /// Optional part of a serde: all windows of a key go to one partition, that of the key alone.
  std::string_view partition_bytes(std::string_view encoded) const {
    return encoded.substr(0, encoded.size() - sizeof(std::int64_t));
  }

 private:
  AnySerde<K> inner_;
  Millis window_size_;
};

}  // namespace millrace::streams
