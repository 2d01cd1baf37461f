#include "base/utf8.h"

#include <cstddef>
#include <cstdint>

namespace millrace {
namespace {

/// What may follow a lead byte: how many bytes, and in which range the first of them lies.
struct Sequence {
  std::size_t continuation_count;
  std::uint8_t second_min;
  std::uint8_t second_max;
};

constexpr Sequence sequence_of(std::uint8_t lead) {
  if (lead < 0x80) return {0, 0, 0};
  if (lead < 0xc2) return {4, 0, 0};  // a continuation byte, or overlong: no such sequence
  if (lead < 0xe0) return {1, 0x80, 0xbf};
  if (lead == 0xe0) return {2, 0xa0, 0xbf};
  if (lead == 0xed) return {2, 0x80, 0x9f};
  if (lead < 0xf0) return {2, 0x80, 0xbf};
  if (lead == 0xf0) return {3, 0x90, 0xbf};
  if (lead < 0xf4) return {3, 0x80, 0xbf};
  if (lead == 0xf4) return {3, 0x80, 0x8f};
  return {4, 0, 0};
}

}  // namespace

std::size_t utf8_length(std::string_view bytes) {
  if (bytes.empty()) return 0;
  const Sequence sequence = sequence_of(static_cast<std::uint8_t>(bytes[0]));
  if (sequence.continuation_count == 0) return 1;
  if (sequence.continuation_count > 3 || bytes.size() <= sequence.continuation_count) return 0;

  const auto second = static_cast<std::uint8_t>(bytes[1]);
  if (second < sequence.second_min || second > sequence.second_max) return 0;
  for (std::size_t k = 2; k <= sequence.continuation_count; ++k) {
    if ((static_cast<std::uint8_t>(bytes[k]) & 0xc0U) != 0x80U) return 0;
  }
  return 1 + sequence.continuation_count;
}

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = utf8_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

}  // namespace millrace
