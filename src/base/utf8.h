// Whether bytes are text.
#pragma once

#include <string_view>

namespace millrace {

/// True when `bytes` is well-formed UTF-8: no cut sequence, no surrogate, no overlong form, nothing
/// above U+10FFFF.
/// source  The Unicode Standard, table 3-7
bool is_utf8(std::string_view bytes);

}  // namespace millrace
