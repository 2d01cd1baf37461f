#include "cli/duration.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <limits>

namespace millrace::cli {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t millis;
};
constexpr Unit kUnits[] = {
    {"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};

}  // namespace

Result<Millis> parse_duration(std::string_view option, std::string_view text) {
  const char* const end = text.data() + text.size();
  std::int64_t number = 0;
  const auto [stop, failure] = std::from_chars(text.data(), end, number);
  const std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  for (const Unit& each : kUnits) {
    const bool fits =
        number >= 0 && number <= std::numeric_limits<std::int64_t>::max() / each.millis;
    if (failure == std::errc{} && unit == each.name && fits) return Millis{number * each.millis};
  }
  return Error{ErrorCode::kInvalidArgument,
               fmt::format("wanted {} as a number and ms, s, m, h or d, such as 15m, found \"{}\"",
                           option, text)};
}

}  // namespace millrace::cli
