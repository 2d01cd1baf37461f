#include "base/varint.h"

namespace millrace {
namespace {

template <class Value>
const char* read_groups(const char* from, const char* end, Value& value) {
  constexpr unsigned kBits = sizeof(Value) * 8;
  Value result = 0;
  for (unsigned shift = 0; shift < kBits && from != end; shift += 7) {
    const auto byte = static_cast<unsigned char>(*from++);
    const Value group = byte & 0x7fU;
    const unsigned bits_left = kBits - shift;
    if (bits_left < 7 && (group >> bits_left) != 0) return nullptr;
    result |= group << shift;
    if ((byte & 0x80U) == 0) {
      value = result;
      return from;
    }
  }
  return nullptr;
}

}  // namespace

const char* read_uvarint32(const char* from, const char* end, std::uint32_t& value) {
  return read_groups(from, end, value);
}

const char* read_uvarint64(const char* from, const char* end, std::uint64_t& value) {
  return read_groups(from, end, value);
}

}  // namespace millrace
