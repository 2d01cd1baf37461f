// How much two words differ: for naming what somebody probably meant.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace millrace {

/// The least number of slips that makes one word of the other: a letter inserted, deleted or
/// replaced, or two neighbours swapped (none of them touched again).  cost  the product of the
/// lengths
std::size_t edit_distance(std::string_view left, std::string_view right);

/// The one of `words` that `word` was probably meant to be: the nearest, and near, which is at most
/// one slip for every three letters, or one in a shorter word. Nothing where all are far.
std::optional<std::string_view> probably_meant(std::string_view word,
                                               std::span<const std::string_view> words);

}  // namespace millrace
