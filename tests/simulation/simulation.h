// Simulation: one run of the whole system under one seed, from an empty disk to the verdict.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tests/simulation/scenario.h"

namespace millrace::simulation {

/// How a run held the counts of windows against the reference.
enum class Comparison : std::uint8_t {
  kNone,     // no stream application, or what it read may have been lost with the power
  kAtLeast,  // commits may have failed: a record may count twice, but never not at all
  kEqual
};

struct Outcome {
  std::optional<std::string> violation;
  std::string scenario;
  std::string history;            // shortened
  std::uint64_t fingerprint = 0;  // of every choice: equal when a run was repeated exactly
  std::uint64_t acknowledged = 0;
  std::uint64_t compacted_away = 0;  // records of the compacted topic that are not there any more
  Comparison counts = Comparison::kNone;
  double virtual_seconds = 0;
};

/// Broker, producers, a group of consumers and a windowed stream in this process, on virtual time.
/// The same seed gives the same run.            thread  one run at a time in a process
Outcome simulate(std::uint64_t seed);
/// The same, and what is broken on purpose, in a world in which the run cannot miss it.
Outcome simulate(std::uint64_t seed, Sabotage sabotage);
/// The same, with a scenario of one's own.
Outcome simulate(std::uint64_t seed, const Scenario& scenario);

}  // namespace millrace::simulation
