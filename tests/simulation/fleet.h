// A fleet of seeds: each runs in a process of its own, so that a CHECK that fails, or a run that
// hangs, is a finding like any other.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <thread>

#include "tests/simulation/sabotage.h"

namespace millrace::simulation {

struct FleetOptions {
  std::uint64_t first = 1;
  std::uint64_t seeds = 50;
  bool wants_all_probes = false;
  std::optional<std::int64_t> minutes;  // of real time: no seed begins after them
  std::uint64_t jobs = std::max(1U, std::thread::hardware_concurrency());
  Sabotage sabotage = Sabotage::kNone;
};

/// Runs the seeds, writes what they find and which probes they reached to standard output, and to
/// a terminal on standard error how far it is. True when all is well.
bool run_fleet(const FleetOptions& options);

}  // namespace millrace::simulation
