// Whether bytes are text.
#pragma once

#include <cstddef>
#include <string_view>

namespace millrace {

/// How many bytes the code point at the start of `bytes` takes: 1 to 4, or 0 when `bytes` is empty
/// or begins with something else: a cut sequence, a surrogate, an overlong form, anything above
/// U+10FFFF.
/// source  The Unicode Standard, table 3-7
std::size_t utf8_length(std::string_view bytes);

/// True when `bytes` is well-formed UTF-8 throughout.
bool is_utf8(std::string_view bytes);

}  // namespace millrace
