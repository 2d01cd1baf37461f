// Metrics: counters, gauges and histograms in a registry that is handed down by reference, written
// out in Prometheus' text format. A thin face of prometheus-cpp, which stays out of this header.
//   Counter requests = metrics.counter("requests_total", "Requests answered", {{"api", "Fetch"}});
//   requests.add();
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace millrace {

/// Label names and values, such as {{"topic", "orders"}}.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

// The three handles are small values to keep beside the code that counts. They must not outlive
// their registry. A default-made one counts nothing. All are thread-safe.

/// Only goes up.   cost  an atomic addition: once per request or batch, not per record
class Counter {
 public:
  Counter() = default;
  void add(std::uint64_t count = 1) const;
  double value() const;

 private:
  friend class MetricsRegistry;
  explicit Counter(prometheus::Counter& target) : target_(&target) {}
  prometheus::Counter* target_ = nullptr;
};

/// Goes up and down.
class Gauge {
 public:
  Gauge() = default;
  void set(double value) const;
  void add(double difference) const;
  double value() const;

 private:
  friend class MetricsRegistry;
  explicit Gauge(prometheus::Gauge& target) : target_(&target) {}
  prometheus::Gauge* target_ = nullptr;
};

/// Counts observations by size.   cost  a short lock and a search among the bounds
class Histogram {
 public:
  Histogram() = default;
  void observe(double value) const;

 private:
  friend class MetricsRegistry;
  explicit Histogram(prometheus::Histogram& target) : target_(&target) {}
  prometheus::Histogram* target_ = nullptr;
};

/// Owns metrics. The same name and labels give the same metric; one name has one kind, and one help
/// text: the first.   thread  any
class MetricsRegistry {
 public:
  MetricsRegistry();
  ~MetricsRegistry();
  MetricsRegistry(const MetricsRegistry&) = delete;
  MetricsRegistry& operator=(const MetricsRegistry&) = delete;

  /// name  as Prometheus wants it: [a-zA-Z_:][a-zA-Z0-9_:]*; counters end in _total, units are base
  /// units (seconds, bytes) and part of the name. A wrong name is a programming error (CHECK).
  Counter counter(const std::string& name, const std::string& help,
                  const MetricLabels& labels = {});
  Gauge gauge(const std::string& name, const std::string& help, const MetricLabels& labels = {});
  /// bounds  ascending upper bounds; the bucket for all that is larger comes by itself
  Histogram histogram(const std::string& name, const std::string& help,
                      const std::vector<double>& bounds, const MetricLabels& labels = {});

  /// All metrics in Prometheus' text exposition format, for /metrics.
  std::string to_text() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace millrace
