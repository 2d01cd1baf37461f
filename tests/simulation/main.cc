// simulate: runs the simulation for many seeds, or for one, and says what it found.
//   simulate --seeds 1000          seeds 1 to 1000, as many at a time as there are processors
//   simulate --seeds 1000 --all-probes    and fails when a probe or fault point was not reached
//   simulate --minutes 30          as many seeds as begin within 30 minutes
//   simulate --seed 42 [--log]     one seed, with its history
//   simulate --sabotage stream-loses-records …    breaks that on purpose: each run has to find it
// Exit codes: 0 all is well, 1 something was found, or with --all-probes not reached, 2 wrong
// usage.
#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <iostream>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "tests/simulation/fleet.h"
#include "tests/simulation/simulation.h"

namespace millrace::simulation {
namespace {

struct Options {
  FleetOptions fleet;
  std::optional<std::uint64_t> one;
  bool logs = false;
};

int run_one(std::uint64_t seed, const Options& options) {
  set_log_level(options.logs ? LogLevel::kInfo : LogLevel::kOff);
  const Outcome outcome = simulate(seed, options.fleet.sabotage);
  std::cout << outcome.scenario << "\n" << outcome.history;
  std::cout << "seed " << seed << ": " << outcome.violation.value_or("nothing found") << "; "
            << outcome.acknowledged << " records acknowledged in "
            << static_cast<std::int64_t>(outcome.virtual_seconds)
            << " virtual seconds; fingerprint " << outcome.fingerprint << "\n";
  return outcome.violation ? 1 : 0;
}

int usage(std::string_view problem) {
  std::cerr << "simulate: " << problem
            << "\nwanted: [--seeds N | --minutes M] [--first SEED] [--jobs N] [--all-probes], or\n"
               "        --seed SEED [--log]; with either [--sabotage WHAT], one of:\n";
  for (const SabotageName& each : kSabotages) std::cerr << "        " << each.name << "\n";
  return 2;
}

/// kNone for a name that there is not.
Sabotage sabotage_named(std::string_view name) {
  for (const SabotageName& each : kSabotages) {
    if (each.name == name) return each.sabotage;
  }
  return Sabotage::kNone;
}

int run(const std::vector<std::string_view>& arguments) {
  Options options;
  std::set<std::string_view> given;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view name = arguments[i];
    given.insert(name);
    if (name == "--log" || name == "--all-probes") {
      (name == "--log" ? options.logs : options.fleet.wants_all_probes) = true;
      continue;
    }
    std::uint64_t value = 0;
    const std::string_view text = i + 1 < arguments.size() ? arguments[++i] : "";
    if (name == "--sabotage") {
      options.fleet.sabotage = sabotage_named(text);
      if (options.fleet.sabotage == Sabotage::kNone) {
        return usage(fmt::format("wanted a sabotage, found \"{}\"", text));
      }
      continue;
    }
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) {
      return usage(fmt::format("wanted a number for {}, found \"{}\"", name, text));
    }
    if (name == "--seeds") {
      options.fleet.seeds = value;
    } else if (name == "--first") {
      options.fleet.first = value;
    } else if (name == "--minutes") {
      options.fleet.minutes = static_cast<std::int64_t>(value);
    } else if (name == "--jobs" && value > 0) {
      options.fleet.jobs = value;
    } else if (name == "--seed") {
      options.one = value;
    } else {
      return usage(fmt::format("wanted an option of these, found \"{}\"", name));
    }
  }
  // Who asks for two things at once would believe to have got both.
  const auto refuse_beside = [&](std::string_view option,
                                 std::initializer_list<std::string_view> others) {
    for (const std::string_view other : others) {
      if (given.contains(option) && given.contains(other)) {
        usage(fmt::format("wanted {} or {}, found both", option, other));
        return true;
      }
    }
    return false;
  };
  if (refuse_beside("--seed", {"--seeds", "--first", "--minutes", "--jobs", "--all-probes"}) ||
      refuse_beside("--log", {"--seeds", "--first", "--minutes", "--jobs", "--all-probes"}) ||
      refuse_beside("--minutes", {"--seeds"})) {
    return 2;
  }
  if (given.contains("--log") && !options.one) return usage("wanted --seed beside --log");
  if (options.one) return run_one(*options.one, options);
  set_log_level(LogLevel::kOff);
  return run_fleet(options.fleet) ? 0 : 1;
}

}  // namespace
}  // namespace millrace::simulation

int main(int argc, char** argv) {
  return millrace::simulation::run({argv + 1, argv + argc});
}
