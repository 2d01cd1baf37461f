#include "tests/simulation/fleet.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/probe.h"
#include "tests/simulation/simulation.h"

namespace millrace::simulation {
namespace {

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
    const std::string report = report_of(simulate(seed, sabotage));
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

/// How far the fleet is, where somebody is watching: a line that is written over.
class Progress {
 public:
  void say(const Tally& tally) {
    if (!is_watched_) return;
    std::cerr << '\r' << tally.runs << " seeds, " << tally.found << " with findings" << std::flush;
  }
  void end() {
    if (is_watched_) std::cerr << '\n';
  }

 private:
  const bool is_watched_ = isatty(STDERR_FILENO) == 1;
};

}  // namespace

bool run_fleet(const FleetOptions& options) {
  Tally tally;
  std::vector<Child> children;
  const auto begin = std::chrono::steady_clock::now();
  Progress progress;
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
      progress.say(tally);
    }
  }
  progress.end();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::cout << tally.runs << " seeds from " << options.first << ": " << tally.found
            << " with findings; " << tally.acknowledged << " records acknowledged in "
            << static_cast<std::int64_t>(tally.virtual_seconds / 60) << " virtual minutes, "
            << static_cast<std::int64_t>(took.count()) << " s of real time\n"
            << tally.counts_equal << " wanted the counts of windows to equal the reference, "
            << tally.counts_at_least << " to be no less\n";
  const bool reached_all = report_probes(tally);
  return tally.found == 0 && (reached_all || !options.wants_all_probes);
}

}  // namespace millrace::simulation
