// RequestCounters: how many requests of each API and version were served.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/metrics.h"
#include "broker/session/handler_table.h"
#include "wire/api_key.h"

namespace millrace::broker {

/// All counters are made at the start, one for each version that is served, so that counting
/// neither allocates nor locks.   thread  any
class RequestCounters {
 public:
  /// registry  outlives the counters; they are millrace_requests_total{api, version}
  RequestCounters(const HandlerTable& handlers, MetricsRegistry& registry);

  /// Does nothing when `handlers` does not serve this version.   cost  an atomic addition
  void count(wire::ApiKey key, std::int16_t version) const;

 private:
  struct Row {
    wire::VersionRange served;
    std::vector<Counter> by_version;  // from served.min on
  };

  std::map<wire::ApiKey, Row> rows_;
};

}  // namespace millrace::broker
