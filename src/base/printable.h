// What a stranger wrote, as a terminal or a log may show it.
#pragma once

#include <string>
#include <string_view>

namespace millrace {

/// `text` with every control character (of ASCII, DEL, U+0080 to U+009F), what separates lines and
/// turns the direction of writing (U+2028, U+202E and their like), and every byte that is no UTF-8
/// written out: "\n", "\t", "\r", "\x1b", "\u009b", "\u202e", "\xff". So it is one line, moves no
/// cursor, and reads in the order in which it is written. Backslashes stay as they are: this is for
/// reading, JSON is for reading back; doing it twice is doing it once.
std::string printable(std::string_view text);
/// The same, behind what `out` holds.
void append_printable(std::string_view text, std::string& out);

}  // namespace millrace
