// ByteReader: a bounded cursor over bytes from outside. It never reads past the end and never
// throws.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/byte_order.h"
#include "base/result.h"
#include "base/varint.h"

namespace millrace {

/// Reads integers and slices from a view that the caller keeps alive.
///
/// Failure is sticky: the first read that does not fit remembers where and why, and every later
/// read returns zero or an empty view. So a decoder reads a whole message straight through and asks
/// status() once, but must ask ok() before it trusts a length enough to allocate or loop by it.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes)
      : begin_(bytes.data()), cursor_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool ok() const { return failure_ == nullptr; }
  std::size_t position() const { return static_cast<std::size_t>(cursor_ - begin_); }
  std::size_t remaining() const { return static_cast<std::size_t>(end_ - cursor_); }
  /// What has not been read yet.
  std::string_view rest() const { return {cursor_, remaining()}; }

  std::int8_t i8() { return integer<std::int8_t>("int8"); }
  std::int16_t i16() { return integer<std::int16_t>("int16"); }
  std::int32_t i32() { return integer<std::int32_t>("int32"); }
  std::int64_t i64() { return integer<std::int64_t>("int64"); }
  std::uint8_t u8() { return integer<std::uint8_t>("uint8"); }
  std::uint16_t u16() { return integer<std::uint16_t>("uint16"); }
  std::uint32_t u32() { return integer<std::uint32_t>("uint32"); }
  double f64();
  std::uint32_t uvarint() {
    std::uint32_t value = 0;
    advance_to(ok() ? read_uvarint32(cursor_, end_, value) : nullptr, "unsigned varint");
    return value;
  }
  std::uint64_t uvarlong() {
    std::uint64_t value = 0;
    advance_to(ok() ? read_uvarint64(cursor_, end_, value) : nullptr, "unsigned varlong");
    return value;
  }
  std::int32_t varint() { return unzigzag(uvarint()); }
  std::int64_t varlong() { return unzigzag(uvarlong()); }

  /// The next `count` bytes; a view into the input.
  std::string_view bytes(std::size_t count) {
    if (!has(count)) {
      fail("bytes");
      return {};
    }
    const std::string_view slice{cursor_, count};
    cursor_ += count;
    return slice;
  }
  void skip(std::size_t count) { (void)bytes(count); }

  /// Marks the input as bad: `what` (a string literal) could not be read here.
  void fail(const char* what) {
    if (failure_ != nullptr) return;
    failure_ = what;
    failed_at_ = position();
    cursor_ = end_;
  }

  /// Success, or kTruncated naming what was wanted and at which byte.
  Status status() const;

 private:
  bool has(std::size_t count) const { return ok() && remaining() >= count; }

  template <std::integral T>
  T integer(const char* what) {
    if (!has(sizeof(T))) {
      fail(what);
      return 0;
    }
    const T value = load_big_endian<T>(cursor_);
    cursor_ += sizeof(T);
    return value;
  }

  void advance_to(const char* next, const char* what) {
    if (next == nullptr) {
      fail(what);
    } else {
      cursor_ = next;
    }
  }

  const char* begin_;
  const char* cursor_;
  const char* end_;
  const char* failure_ = nullptr;
  std::size_t failed_at_ = 0;
};

}  // namespace millrace
