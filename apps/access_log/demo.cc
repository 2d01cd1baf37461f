#include "apps/access_log/demo.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "apps/access_log/access_line.h"
#include "apps/access_log/result_reader.h"
#include "client/admin.h"
#include "client/producer.h"
#include "streams/streams_app.h"

namespace millrace::access_log {
namespace {

constexpr Millis kPollTimeout{20};
constexpr Millis kFlushTimeout{100};
constexpr std::size_t kLinesBetweenChecks = 1000;
/// Topics are asked for right after they were made; Kafka's 100 ms would be most of a short run.
constexpr const char* kRetryBackoffMs = "5";

constexpr const char* kAnyTimestamp = "9223372036854775807";

/// Lines are old: with the default retention a broker would delete them within minutes. And a line
/// whose clock ran ahead is data like any other, not one to refuse.
Status create_topics(const DemoConfig& config, io::Env& env) {
  auto admin = client::Admin::create({{"bootstrap.servers", config.brokers}}, &env);
  if (!admin.ok()) return std::move(admin).error();
  std::vector<client::NewTopic> topics;
  for (const std::string& name : {config.topics.log, config.topics.by_status,
                                  config.topics.by_minute, config.topics.dead_letters}) {
    topics.push_back(
        {.name = name,
         .partitions = config.partitions,
         .configs = {{"retention.ms", "-1"}, {"message.timestamp.after.max.ms", kAnyTimestamp}}});
  }
  const auto outcomes = admin->create_topics(topics);
  if (!outcomes.ok()) return outcomes.error();
  const bool some_made = std::any_of(outcomes->begin(), outcomes->end(),
                                     [](const auto& each) { return each.second.ok(); });
  if (some_made && config.on_topics_made) config.on_topics_made();
  for (const auto& [name, outcome] : *outcomes) {
    if (!outcome.ok()) return Error(outcome.error()).with_context("topic " + name);
  }
  return {};
}

Result<streams::StreamsApp> start_app(const DemoConfig& config, io::Env& env) {
  auto topology = make_topology(config.topics);
  if (!topology.ok()) return std::move(topology).error();
  auto app = streams::StreamsApp::create(std::move(topology).value(),
                                         {{"application.id", config.application_id},
                                          {"bootstrap.servers", config.brokers},
                                          {"commit.interval.ms", "1000"},
                                          {"retry.backoff.ms", kRetryBackoffMs},
                                          {"producer.linger.ms", "1"}},
                                         &env);
  if (!app.ok()) return app;
  if (auto status = app->start(); !status.ok()) return std::move(status).error();
  return app;
}

Status check_wanted(const DemoConfig& config) {
  if (!config.is_given_up || !config.is_given_up()) return {};
  return Error{ErrorCode::kCancelled, "stopped before all lines were counted"};
}

/// Waits for what was sent.
Status flush(client::Producer& producer, const DemoConfig& config) {
  while (true) {
    Status flushed = producer.flush(kFlushTimeout);
    const bool is_under_way = !flushed.ok() && flushed.error().code == ErrorCode::kTimeout &&
                              producer.metrics().bytes_buffered > 0;
    if (!is_under_way) return flushed;
    if (Status wanted = check_wanted(config); !wanted.ok()) return wanted;
  }
}

/// Keyed by client address, with the time in the line as the record's own where there is one. Of a
/// line that is too long, as much is sent as makes it a dead letter: a record has its limit too.
Status produce_lines(client::Producer& producer, const DemoConfig& config,
                     const std::vector<std::string_view>& lines) {
  const client::TopicHandle topic = producer.topic(config.topics.log);
  std::size_t sent_count = 0;
  for (const std::string_view whole : lines) {
    if (sent_count++ % kLinesBetweenChecks == 0) {
      if (Status wanted = check_wanted(config); !wanted.ok()) return wanted;
    }
    const std::string_view line = whole.substr(0, kLineBytesMax + 1);
    const auto fields = parse_access_line(line);
    const client::ProducerRecord record{.topic = config.topics.log,
                                        .key = line.substr(0, line.find(' ')),
                                        .value = line,
                                        .timestamp = fields.ok() ? fields->time : kNoTimestamp};
    if (const auto sent = producer.send(topic, record); !sent.ok()) return sent.error();
  }
  return flush(producer, config);
}

/// Reads counts until they add up to `total` lines.
Status read_counts(const DemoConfig& config, const streams::StreamsApp& app, ResultReader& reader,
                   std::int64_t total, io::Env& env) {
  MonotonicTime moved_at = env.clock().monotonic();
  std::int64_t done = 0;
  while (done < total) {
    if (Status wanted = check_wanted(config); !wanted.ok()) return wanted;
    if (auto status = reader.poll(kPollTimeout); !status.ok()) return status;
    const std::int64_t counted = reader.lines_counted();
    const MonotonicTime now = env.clock().monotonic();
    if (counted > done) moved_at = now;
    done = std::max(done, counted);
    if (config.on_progress) config.on_progress(std::min(done, total), total);
    if (const auto failure = app.failure()) return *failure;
    if (now - moved_at > config.stall_timeout) {
      return Error{ErrorCode::kTimeout,
                   fmt::format("wanted counts of {} lines, found {} and no change for {} ms", total,
                               done, config.stall_timeout.count())};
    }
  }
  return {};
}

}  // namespace

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (!line.empty()) lines.push_back(line);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return lines;
}

Result<DemoReport> run_demo(const DemoConfig& config, const std::vector<std::string_view>& lines,
                            io::Env& env) {
  if (auto status = create_topics(config, env); !status.ok()) return std::move(status).error();
  auto reader = ResultReader::create(config.brokers, config.topics, env);
  if (!reader.ok()) return std::move(reader).error();
  auto app = start_app(config, env);
  if (!app.ok()) return app.error();
  auto producer = client::Producer::create({{"bootstrap.servers", config.brokers},
                                            {"compression.type", "lz4"},
                                            {"retry.backoff.ms", kRetryBackoffMs}},
                                           {}, &env);
  if (!producer.ok()) return producer.error();

  DemoReport report;
  report.lines = static_cast<std::int64_t>(lines.size());
  for (const auto line : lines) report.bytes += static_cast<std::int64_t>(line.size());

  const MonotonicTime started = env.clock().monotonic();
  if (auto status = produce_lines(*producer, config, lines); !status.ok()) {
    return std::move(status).error();
  }
  if (auto status = read_counts(config, *app, *reader, report.lines, env); !status.ok()) {
    return std::move(status).error();
  }
  report.took = env.clock().monotonic() - started;
  report.results = reader->results();
  if (auto status = app->stop(); !status.ok()) return std::move(status).error();
  return report;
}

Status remove_demo_topics(const DemoConfig& config, io::Env& env) {
  auto admin = client::Admin::create({{"bootstrap.servers", config.brokers}}, &env);
  if (!admin.ok()) return std::move(admin).error();
  const auto listed = admin->list_topics();
  if (!listed.ok()) return listed.error();

  std::vector<std::string> names;
  const std::string internal_prefix = config.application_id + "-";
  for (const auto& topic : *listed) {
    const std::string& name = topic.name;
    const bool is_own = name == config.topics.log || name == config.topics.by_status ||
                        name == config.topics.by_minute || name == config.topics.dead_letters ||
                        name.starts_with(internal_prefix);
    if (is_own) names.push_back(name);
  }
  const auto outcomes = admin->delete_topics(names);
  if (!outcomes.ok()) return outcomes.error();
  for (const auto& [name, outcome] : *outcomes) {
    if (!outcome.ok()) return Error(outcome.error()).with_context("topic " + name);
  }
  return {};
}

}  // namespace millrace::access_log
