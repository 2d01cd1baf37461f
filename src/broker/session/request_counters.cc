#include "broker/session/request_counters.h"

#include <string>
#include <utility>

namespace millrace::broker {

RequestCounters::RequestCounters(const HandlerTable& handlers, MetricsRegistry& registry) {
  for (const auto& [key, entry] : handlers.entries()) {
    Row row{entry.served, {}};
    for (std::int16_t version = row.served.min; version <= row.served.max; ++version)
      row.by_version.push_back(registry.counter(
          "millrace_requests_total", "Requests served",
          {{"api", std::string(wire::api_key_name(key))}, {"version", std::to_string(version)}}));
    rows_.emplace(key, std::move(row));
  }
}

void RequestCounters::count(wire::ApiKey key, std::int16_t version) const {
  const auto found = rows_.find(key);
  if (found == rows_.end() || !found->second.served.contains(version)) return;
  const Row& row = found->second;
  row.by_version[static_cast<std::size_t>(version - row.served.min)].add();
}

}  // namespace millrace::broker
