// How often this process has taken memory with operator new, which the test binary replaces.
#pragma once

#include <cstdint>

namespace millrace::allocation {

/// Calls of operator new so far, by all threads.
std::uint64_t allocation_count();

/// What `work` allocates.
template <class Work>
std::uint64_t allocations_of(Work&& work) {
  const std::uint64_t before = allocation_count();
  work();
  return allocation_count() - before;
}

}  // namespace millrace::allocation
