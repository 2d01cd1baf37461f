// The demo as a program would do it: makes topics, starts the stream application, writes the lines
// of a log to a topic, and reads the counts back while they are made.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/access_log/results.h"
#include "apps/access_log/topology.h"
#include "base/result.h"
#include "io/env.h"

namespace millrace::access_log {

struct DemoConfig {
  std::string brokers;         // bootstrap.servers
  std::string application_id;  // names the group and the internal topics
  Topics topics = {};
  std::int32_t partitions = 4;
  Millis stall_timeout{30'000};  // gives up when nothing has moved for so long
  /// Called now and then on the caller's thread: lines counted so far, of how many.
  std::function<void(std::int64_t done, std::int64_t total)> on_progress = {};
  /// Asked now and then on the caller's thread: true ends the run with kCancelled.
  std::function<bool()> is_given_up = {};
  /// Called once the cluster has made topics, perhaps not all: from then on there is what
  /// remove_demo_topics() removes.
  std::function<void()> on_topics_made = {};
};

struct DemoReport {
  Results results;
  std::int64_t lines = 0;
  std::int64_t bytes = 0;            // of the lines
  std::chrono::nanoseconds took{0};  // from the first line sent to the last count read
};

/// The lines of a log as one text, as views: without line ends, empty lines left out.
std::vector<std::string_view> split_lines(std::string_view text);

/// Runs everything to the end. `lines` are borrowed while it runs.
/// errors  what the cluster answers; kTimeout when the counts stop short of the lines; kCancelled
///         when it was given up. The application has ended in any case.
Result<DemoReport> run_demo(const DemoConfig& config, const std::vector<std::string_view>& lines,
                            io::Env& env);

/// Deletes the topics of the demo and what the application made for itself.
Status remove_demo_topics(const DemoConfig& config, io::Env& env);

}  // namespace millrace::access_log
