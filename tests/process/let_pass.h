#pragma once

#include <poll.h>

namespace millrace::process {

/// Waits without being due to anything, as a kill comes.
inline void let_pass(int milliseconds) {
  (void)::poll(nullptr, 0, milliseconds);
}

}  // namespace millrace::process
