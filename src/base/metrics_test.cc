#include "base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace millrace {
namespace {

using ::testing::HasSubstr;

TEST(Metrics, AreWrittenInPrometheusTextFormat) {
  MetricsRegistry metrics;
  metrics.counter("requests_total", "Requests answered", {{"api", "Fetch"}}).add(3);
  metrics.gauge("connections", "Open connections").set(2);
  metrics.histogram("latency_seconds", "Time to answer", {0.1, 1}).observe(0.5);

  const std::string text = metrics.to_text();

  for (const char* const line :
       {"# HELP requests_total Requests answered\n", "# TYPE requests_total counter\n",
        "requests_total{api=\"Fetch\"} 3\n", "connections 2\n",
        "latency_seconds_bucket{le=\"0.1\"} 0\n", "latency_seconds_bucket{le=\"1\"} 1\n",
        "latency_seconds_bucket{le=\"+Inf\"} 1\n", "latency_seconds_count 1\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(Metrics, TheSameNameAndLabelsAreTheSameMetric) {
  MetricsRegistry metrics;
  const Counter first = metrics.counter("c_total", "help", {{"a", "1"}});
  const Counter again = metrics.counter("c_total", "help", {{"a", "1"}});
  const Counter other = metrics.counter("c_total", "help", {{"a", "2"}});
  first.add();
  again.add();

  EXPECT_EQ(first.value(), 2);
  EXPECT_EQ(other.value(), 0);
}

TEST(Metrics, AGaugeGoesBothWays) {
  MetricsRegistry metrics;
  const Gauge gauge = metrics.gauge("g", "help");
  gauge.set(5);
  gauge.add(-7);
  EXPECT_EQ(gauge.value(), -2);
}

TEST(Metrics, AHandleWithoutAMetricCountsNothing) {
  Counter{}.add();
  Gauge{}.set(1);
  Histogram{}.observe(1);
  EXPECT_EQ(Counter{}.value(), 0);
}

TEST(Metrics, CountFromManyThreads) {
  MetricsRegistry metrics;
  const Counter counter = metrics.counter("c_total", "help");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) counter.add();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 40'000);
}

TEST(MetricsDeathTest, AWrongNameIsAProgrammingError) {
  MetricsRegistry metrics;
  EXPECT_DEATH((void)metrics.counter("not a name", "help"), "not a name cannot be made");
}

}  // namespace
}  // namespace millrace
