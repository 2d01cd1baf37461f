#include "base/edit_distance.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace millrace {
namespace {

constexpr std::size_t kLettersPerSlip = 3;

bool is_near(std::size_t distance, std::size_t longer) {
  return distance < longer && distance <= std::max<std::size_t>(1, longer / kLettersPerSlip);
}

}  // namespace

// Three rows of the table at a time: a swap looks two rows back.
std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::vector<std::size_t> above(row.size());
  std::vector<std::size_t> two_above(row.size());
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::swap(two_above, above);
    std::swap(above, row);
    row[0] = i + 1;
    for (std::size_t j = 0; j < right.size(); ++j) {
      const std::size_t replaced = above[j] + (left[i] == right[j] ? 0U : 1U);
      row[j + 1] = std::min({replaced, row[j] + 1, above[j + 1] + 1});
      const bool is_swapped = i > 0 && j > 0 && left[i] == right[j - 1] && left[i - 1] == right[j];
      if (is_swapped) row[j + 1] = std::min(row[j + 1], two_above[j - 1] + 1);
    }
  }
  return row.back();
}

std::optional<std::string_view> probably_meant(std::string_view word,
                                               std::span<const std::string_view> words) {
  std::optional<std::string_view> nearest;
  std::size_t least = SIZE_MAX;
  for (const std::string_view each : words) {
    const std::size_t distance = edit_distance(word, each);
    if (distance >= least || !is_near(distance, std::max(word.size(), each.size()))) continue;
    nearest = each;
    least = distance;
  }
  return nearest;
}

}  // namespace millrace
