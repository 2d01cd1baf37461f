#include "base/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <exception>
#include <string_view>

#include "base/check.h"

namespace millrace {
namespace {

prometheus::Labels to_labels(const MetricLabels& labels) {
  return {labels.begin(), labels.end()};
}

/// Runs `make`, which throws on names that Prometheus does not know and on a name used for two
/// kinds.
template <class Make>
decltype(auto) checked(std::string_view name, Make&& make) {
  try {
    return make();
  } catch (const std::exception& failure) {
    CHECK(false, "metric {} cannot be made: {}", name, failure.what());
    std::terminate();
  }
}

}  // namespace

// The registry merges families of one name and help, so that asking twice gives the same metric.
struct MetricsRegistry::Families {
  prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
};

void Counter::add(std::uint64_t count) const {
  if (target_ != nullptr) target_->Increment(static_cast<double>(count));
}

double Counter::value() const {
  return target_ == nullptr ? 0 : target_->Value();
}

void Gauge::set(double value) const {
  if (target_ != nullptr) target_->Set(value);
}

void Gauge::add(double difference) const {
  if (target_ != nullptr) target_->Increment(difference);
}

double Gauge::value() const {
  return target_ == nullptr ? 0 : target_->Value();
}

void Histogram::observe(double value) const {
  if (target_ != nullptr) target_->Observe(value);
}

MetricsRegistry::MetricsRegistry() : families_(std::make_unique<Families>()) {}
MetricsRegistry::~MetricsRegistry() = default;

Counter MetricsRegistry::counter(const std::string& name, const std::string& help,
                                 const MetricLabels& labels) {
  return checked(name, [&] {
    auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(families_->registry);
    return Counter(family.Add(to_labels(labels)));
  });
}

Gauge MetricsRegistry::gauge(const std::string& name, const std::string& help,
                             const MetricLabels& labels) {
  return checked(name, [&] {
    auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(families_->registry);
    return Gauge(family.Add(to_labels(labels)));
  });
}

Histogram MetricsRegistry::histogram(const std::string& name, const std::string& help,
                                     const std::vector<double>& bounds,
                                     const MetricLabels& labels) {
  CHECK(std::is_sorted(bounds.begin(), bounds.end()), "bounds of {} do not ascend", name);
  return checked(name, [&] {
    auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(families_->registry);
    return Histogram(family.Add(to_labels(labels), bounds));
  });
}

std::string MetricsRegistry::to_text() const {
  return prometheus::TextSerializer{}.Serialize(families_->registry.Collect());
}

}  // namespace millrace
