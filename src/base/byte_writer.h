// ByteWriter: appends integers and slices to a Buffer; the mirror image of ByteReader.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/buffer.h"
#include "base/byte_order.h"
#include "base/varint.h"

namespace millrace {

/// Writes to the end of a Buffer that the caller keeps alive. Cannot fail.
class ByteWriter {
 public:
  explicit ByteWriter(Buffer& out) : out_(out) {}

  Buffer& buffer() { return out_; }
  std::size_t position() const { return out_.size(); }

  void i8(std::int8_t value) { integer(value); }
  void i16(std::int16_t value) { integer(value); }
  void i32(std::int32_t value) { integer(value); }
  void i64(std::int64_t value) { integer(value); }
  void u8(std::uint8_t value) { integer(value); }
  void u16(std::uint16_t value) { integer(value); }
  void u32(std::uint32_t value) { integer(value); }
  void f64(double value) { integer(std::bit_cast<std::int64_t>(value)); }
  void uvarint(std::uint64_t value) { write_uvarint(out_.extend(uvarint_size(value)), value); }
  void varint(std::int32_t value) { uvarint(zigzag(value)); }
  void varlong(std::int64_t value) { uvarint(zigzag(value)); }
  void bytes(std::string_view value) { out_.append(value); }

  /// Overwrites an int32 written earlier, such as a length that was not known yet.
  void patch_i32(std::size_t position, std::int32_t value) {
    store_big_endian(out_.data() + position, value);
  }

 private:
  template <std::integral T>
  void integer(T value) {
    store_big_endian(out_.extend(sizeof(T)), value);
  }

  Buffer& out_;
};

}  // namespace millrace
