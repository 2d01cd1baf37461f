// What topics may be called.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace millrace {

inline constexpr std::size_t kTopicNameLengthMax = 249;

/// Why Kafka has no topic of this name; nothing when it may: 1 to 249 of letters, digits, '.', '_'
/// and '-'; not "." or "..".
std::optional<std::string> fault_of_topic_name(std::string_view name);

}  // namespace millrace
