// How much two words differ: for naming what somebody probably meant.
#pragma once

#include <cstddef>
#include <string_view>

namespace millrace {

/// Levenshtein distance: the least number of letters inserted, deleted or replaced that makes one
/// word of the other.  cost  the product of the lengths
std::size_t edit_distance(std::string_view left, std::string_view right);

}  // namespace millrace
