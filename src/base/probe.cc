#include "base/probe.h"

#include <mutex>

namespace millrace {
namespace {

struct Registry {
  std::mutex mutex;
  std::vector<const Probe*> probes;
};

// Made by the first probe, since the order of initialisation between files is open.
Registry& registry() {
  static Registry the_registry;
  return the_registry;
}

}  // namespace

Probe::Probe(std::string_view name, Kind kind) : name_(name), kind_(kind) {
  const std::lock_guard lock(registry().mutex);
  registry().probes.push_back(this);
}

std::vector<const Probe*> Probe::all() {
  const std::lock_guard lock(registry().mutex);
  std::vector<const Probe*> probes = registry().probes;
  std::sort(probes.begin(), probes.end(),
            [](const Probe* left, const Probe* right) { return left->name() < right->name(); });
  return probes;
}

}  // namespace millrace
