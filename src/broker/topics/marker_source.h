// MarkerSource: on whose word a marker ends a transaction.
#pragma once

#include <cstdint>

namespace millrace::broker {

/// The epoch of a coordinator fences the markers of the one before it. This broker's own is never
/// replaced, so that whoever named a higher epoch was a tool and no coordinator: its markers take
/// up the highest one that the log has seen. A marker of a request is held to the epoch it names.
enum class MarkerSource : std::uint8_t { kRequest, kOwnCoordinator };

}  // namespace millrace::broker
