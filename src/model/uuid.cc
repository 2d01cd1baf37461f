#include "model/uuid.h"

#include <fmt/format.h>

namespace millrace {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kTextLength = 22;

}  // namespace

Uuid Uuid::random(Random& random) {
  for (;;) {
    Uuid id;
    for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(random.below(256));
    id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0fU) | 0x40U);
    id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3fU) | 0x80U);
    // A leading '-' would read as an option on a command line.
    if (id.to_base64().front() != '-') return id;
  }
}

std::string Uuid::to_base64() const {
  std::string text;
  std::uint32_t pending = 0;
  unsigned pending_bits = 0;
  for (const std::uint8_t byte : bytes) {
    pending = (pending << 8U) | byte;
    pending_bits += 8;
    while (pending_bits >= 6) {
      pending_bits -= 6;
      text += kAlphabet[(pending >> pending_bits) & 0x3fU];
    }
  }
  text += kAlphabet[(pending << (6 - pending_bits)) & 0x3fU];
  return text;
}

Result<Uuid> Uuid::from_base64(std::string_view text) {
  const auto refuse = [&] {
    return Error{
        ErrorCode::kInvalidArgument,
        fmt::format("wanted a UUID of 22 characters of URL-safe base64, found \"{}\"", text)};
  };
  if (text.size() != kTextLength) return refuse();

  Uuid id;
  std::size_t count = 0;
  std::uint32_t pending = 0;
  unsigned pending_bits = 0;
  for (const char c : text) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return refuse();
    pending = (pending << 6U) | static_cast<std::uint32_t>(digit);
    pending_bits += 6;
    if (pending_bits >= 8 && count < id.bytes.size()) {
      pending_bits -= 8;
      id.bytes[count++] = static_cast<std::uint8_t>((pending >> pending_bits) & 0xffU);
    }
  }
  return id;
}

}  // namespace millrace
