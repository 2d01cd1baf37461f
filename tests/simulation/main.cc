// simulate: runs the simulation for many seeds, or for one, and says what it found.
//   simulate --seeds 1000          seeds 1 to 1000, as many at a time as there are processors
//   simulate --seeds 1000 --all-probes    and fails when a probe or fault point was not reached
//   simulate --minutes 30          as many seeds as begin within 30 minutes
//   simulate --seed 42 [--log]     one seed, with its history
//   simulate --sabotage stream-loses-records …    breaks that on purpose: each run has to find it
// Each seed runs in a process of its own: a CHECK that fails, or a run that hangs, is a finding
// like any other. Exit codes: 0 all is well, 1 something was found, or with --all-probes not
// reached, 2 wrong usage.
#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/probe.h"
#include "tests/simulation/simulation.h"

namespace millrace::simulation {
namespace {

struct Options {
  std::uint64_t first = 1;
  std::uint64_t seeds = 50;
  bool wants_all_probes = false;
  std::optional<std::uint64_t> one;
  std::optional<std::int64_t> minutes;  // of real time: no seed begins after them
  std::uint64_t jobs = std::max(1U, std::thread::hardware_concurrency());
  bool logs = false;
  Sabotage sabotage = Sabotage::kNone;
};

// For one seed, which takes seconds of a processor. A run that spins meets the first limit, one
// that sleeps for ever the second; a busy machine meets neither.
constexpr rlim_t kProcessorSecondsMax = 60;
constexpr std::chrono::minutes kRealTimeMax{10};

/// What a child tells its parent, as lines of text: the outcome, then its probes.
std::string report_of(const Outcome& outcome) {
  std::string report = "fingerprint " + std::to_string(outcome.fingerprint) + "\n";
  report += "acknowledged " + std::to_string(outcome.acknowledged) + "\n";
  report += "counts " + std::to_string(static_cast<int>(outcome.counts)) + "\n";
  report += "virtual " + std::to_string(outcome.virtual_seconds) + "\n";
  for (const Probe* const probe : Probe::all()) {
    if (probe->hits() > 0) report += "probe " + std::string(probe->name()) + "\n";
  }
  if (outcome.violation) {
    report += "violation " + *outcome.violation + "\n";
    report += "scenario " + outcome.scenario + "\nhistory\n" + outcome.history;
  }
  return report;
}

struct Child {
  std::uint64_t seed = 0;
  pid_t process = 0;
  int pipe = -1;
  std::chrono::steady_clock::time_point started;
  std::string report;
};

/// One run, with what is to be broken on purpose.
Outcome run_seed(std::uint64_t seed, Sabotage sabotage) {
  if (sabotage == Sabotage::kNone) return simulate(seed);
  Random random(seed);
  Scenario scenario = Scenario::from(random);
  scenario.break_on_purpose(sabotage);
  return simulate(seed, scenario);
}

Child start_child(std::uint64_t seed, Sabotage sabotage) {
  int ends[2] = {-1, -1};
  if (pipe(ends) != 0) {
    std::perror("pipe");
    std::exit(1);
  }
  const pid_t process = fork();
  if (process == 0) {
    close(ends[0]);
    const rlimit limit{kProcessorSecondsMax, kProcessorSecondsMax};
    (void)setrlimit(RLIMIT_CPU, &limit);
    const std::string report = report_of(run_seed(seed, sabotage));
    std::string_view rest = report;
    while (!rest.empty()) {
      const auto count = write(ends[1], rest.data(), rest.size());
      if (count <= 0) _exit(1);
      rest.remove_prefix(static_cast<std::size_t>(count));
    }
    _exit(0);
  }
  close(ends[1]);
  return {.seed = seed,
          .process = process,
          .pipe = ends[0],
          .started = std::chrono::steady_clock::now(),
          .report = {}};
}

/// Reads what there is; true when the child has ended.
bool read_child(Child& child) {
  pollfd waiting{.fd = child.pipe, .events = POLLIN, .revents = 0};
  while (poll(&waiting, 1, 5) > 0) {
    char bytes[4096];
    const auto count = read(child.pipe, bytes, sizeof bytes);
    if (count <= 0) return true;
    child.report.append(bytes, static_cast<std::size_t>(count));
  }
  if (std::chrono::steady_clock::now() - child.started > kRealTimeMax) kill(child.process, SIGKILL);
  return false;
}

/// What the fleet has come to so far.
struct Tally {
  std::uint64_t runs = 0;
  std::uint64_t found = 0;
  std::uint64_t acknowledged = 0;
  double virtual_seconds = 0;
  std::uint64_t counts_at_least = 0;  // runs, by how they compared the counts of windows
  std::uint64_t counts_equal = 0;
  std::set<std::string, std::less<>> probes;
};

void finish_child(Child& child, Tally& tally) {
  close(child.pipe);
  int status = 0;
  waitpid(child.process, &status, 0);
  ++tally.runs;
  std::string finding;
  std::string_view rest = child.report;
  while (!rest.empty() && finding.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    const std::string_view word = line.substr(0, line.find(' '));
    const std::string value(line.substr(std::min(line.size(), word.size() + 1)));
    if (word == "acknowledged") tally.acknowledged += std::stoull(value);
    if (word == "counts") {
      const auto comparison = static_cast<Comparison>(std::stoi(value));
      if (comparison == Comparison::kAtLeast) ++tally.counts_at_least;
      if (comparison == Comparison::kEqual) ++tally.counts_equal;
    }
    if (word == "virtual") tally.virtual_seconds += std::stod(value);
    if (word == "probe") tally.probes.insert(value);
    if (word == "violation") finding = rest;
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  if (finding.empty() && !(WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
    finding = WIFSIGNALED(status) ? "the process died of signal " + std::to_string(WTERMSIG(status))
                                  : "the process ended with a failure";
    finding += "\n";
  }
  if (finding.empty()) return;
  ++tally.found;
  std::cout << "seed " << child.seed << ": " << finding << "again: ./dev sim --seed " << child.seed
            << "\n"
            << std::flush;
}

/// Says which rare paths and fault points the fleet came to; true for all.
bool report_probes(const Tally& tally) {
  bool reached_all = true;
  for (const auto kind : {Probe::Kind::kPath, Probe::Kind::kFaultPoint}) {
    std::size_t reached = 0;
    std::vector<std::string_view> unreached;
    for (const Probe* const probe : Probe::all()) {
      if (probe->kind() != kind) continue;
      if (tally.probes.contains(probe->name())) {
        ++reached;
      } else {
        unreached.push_back(probe->name());
      }
    }
    const bool is_path = kind == Probe::Kind::kPath;
    std::cout << reached << " of " << reached + unreached.size()
              << (is_path ? " probes reached\n" : " fault points struck\n");
    for (const std::string_view name : unreached) {
      std::cout << (is_path ? "not reached: " : "never struck: ") << name << "\n";
    }
    reached_all = reached_all && unreached.empty();
  }
  return reached_all;
}

int run_fleet(const Options& options) {
  Tally tally;
  std::vector<Child> children;
  const auto begin = std::chrono::steady_clock::now();
  const auto may_start = [&](std::uint64_t seed) {
    if (options.minutes) {
      return std::chrono::steady_clock::now() - begin < std::chrono::minutes(*options.minutes);
    }
    return seed < options.first + options.seeds;
  };
  for (std::uint64_t next = options.first; may_start(next) || !children.empty();) {
    while (children.size() < options.jobs && may_start(next)) {
      children.push_back(start_child(next++, options.sabotage));
    }
    for (std::size_t i = 0; i < children.size();) {
      if (!read_child(children[i])) {
        ++i;
        continue;
      }
      finish_child(children[i], tally);
      children.erase(children.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::cout << tally.runs << " seeds from " << options.first << ": " << tally.found
            << " with findings; " << tally.acknowledged << " records acknowledged in "
            << static_cast<std::int64_t>(tally.virtual_seconds / 60) << " virtual minutes, "
            << static_cast<std::int64_t>(took.count()) << " s of real time\n"
            << tally.counts_equal << " wanted the counts of windows to equal the reference, "
            << tally.counts_at_least << " to be no less\n";
  const bool reached_all = report_probes(tally);
  if (tally.found > 0) return 1;
  return options.wants_all_probes && !reached_all ? 1 : 0;
}

int run_one(std::uint64_t seed, const Options& options) {
  set_log_level(options.logs ? LogLevel::kInfo : LogLevel::kOff);
  const Outcome outcome = run_seed(seed, options.sabotage);
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
      (name == "--log" ? options.logs : options.wants_all_probes) = true;
      continue;
    }
    std::uint64_t value = 0;
    const std::string_view text = i + 1 < arguments.size() ? arguments[++i] : "";
    if (name == "--sabotage") {
      options.sabotage = sabotage_named(text);
      if (options.sabotage == Sabotage::kNone) {
        return usage(fmt::format("wanted a sabotage, found \"{}\"", text));
      }
      continue;
    }
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) {
      return usage(fmt::format("wanted a number for {}, found \"{}\"", name, text));
    }
    if (name == "--seeds") {
      options.seeds = value;
    } else if (name == "--first") {
      options.first = value;
    } else if (name == "--minutes") {
      options.minutes = static_cast<std::int64_t>(value);
    } else if (name == "--jobs" && value > 0) {
      options.jobs = value;
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
  return run_fleet(options);
}

}  // namespace
}  // namespace millrace::simulation

int main(int argc, char** argv) {
  return millrace::simulation::run({argv + 1, argv + argc});
}
