// Bytes as text: RFC 4648, section 4, with padding.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace millrace::cli {

void append_base64(std::string_view bytes, std::string& out);

/// Puts the bytes where their text is. How many they are; nothing when it is no base64: a character
/// that is none of it, a length or padding that does not fit, bits behind the last byte.
std::optional<std::size_t> decode_base64_in_place(std::span<char> text);

}  // namespace millrace::cli
