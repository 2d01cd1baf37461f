// millrace bench consume: how fast the records of a topic are read.
#include <algorithm>

#include "cli/bench_run.h"
#include "cli/end_watch.h"
#include "cli/live_line.h"
#include "cli/reading_start.h"
#include "client/consumer.h"

namespace millrace::cli {
namespace {

constexpr Millis kWaitMax{100};  // how late a signal may be noticed

struct Counted {
  std::int64_t records = 0;
  std::int64_t bytes = 0;
};

std::int64_t size_of(std::optional<std::string_view> bytes) {
  return bytes ? static_cast<std::int64_t>(bytes->size()) : 0;
}

/// Looks at every record, up to `records_max`, as an application would.
Counted count_records(const client::PolledRecords& polled, std::int64_t records_max) {
  Counted counted;
  for (const auto& part : polled) {
    for (const RecordView& record : part.records) {
      if (counted.records == records_max) return counted;
      ++counted.records;
      counted.bytes += size_of(record.key) + size_of(record.value);
    }
  }
  return counted;
}

Status begin_reading(const BenchRun& run, client::Consumer& consumer) {
  const auto start = parse_reading_start(run.options.from);
  if (!start.ok()) return start.error();
  const auto partitions = consumer.partition_count(run.options.topic);
  if (!partitions.ok()) return partitions.error();
  client::PartitionList all;
  for (std::int32_t id = 0; id < *partitions; ++id) {
    all.push_back({run.options.topic, PartitionId{id}});
  }
  return start_reading(consumer, all, *start, run.console);
}

struct Span {
  const char* label;
  std::int64_t records_max = INT64_MAX;
  std::chrono::nanoseconds time_max = std::chrono::nanoseconds::max();
};

/// Reads until the span is over, the topic is, or a signal comes.
Result<Measured> read_span(const BenchRun& run, client::Consumer& consumer, EndWatch& end,
                           const Span& span) {
  const Clock& clock = run.env.clock();
  const MonotonicTime start = clock.monotonic();
  LiveLine line(run.console, span.label, start);
  Measured measured;
  MonotonicTime now = start;
  while (measured.records < span.records_max && now - start < span.time_max &&
         !run.stop.requested()) {
    const auto polled = consumer.poll(kWaitMax);
    if (!polled.ok()) return polled.error();
    const Counted counted = count_records(*polled, span.records_max - measured.records);
    measured.records += counted.records;
    measured.bytes += counted.bytes;
    const MonotonicTime after = clock.monotonic();
    if (counted.records > 0) measured.latency.add(after - now);
    now = after;
    if (line.is_due(now)) line.show(measured.records, measured.bytes, "", now);
    const auto reached = end.reached(consumer);
    if (!reached.ok()) return reached.error();
    if (*reached) break;
  }
  return measured;
}

}  // namespace

Result<Measured> bench_consume(const BenchRun& run) {
  const BenchOptions& options = run.options;
  auto consumer = client::Consumer::create(run.properties, {}, &run.env);
  if (!consumer.ok()) return consumer.error();
  if (auto status = begin_reading(run, *consumer); !status.ok()) return status.error();
  EndWatch end;
  // Where it ends is asked before anything is measured.
  const auto is_empty = end.reached(*consumer);
  if (!is_empty.ok()) return is_empty.error();
  if (*is_empty) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("wanted records in {} from {} on, found none; millrace bench produce "
                             "{} writes some",
                             options.topic, options.from, options.topic)};
  }
  std::int64_t warmed = 0;
  if (options.warm_up_seconds > 0) {
    const auto warm = read_span(
        run, *consumer, end,
        {.label = "warming up", .time_max = std::chrono::seconds{options.warm_up_seconds}});
    if (!warm.ok()) return warm.error();
    warmed = warm->records;
  }
  const Stopwatch watch(run.env.clock());
  Span span{.label = "consuming", .records_max = options.records.value_or(INT64_MAX)};
  if (options.seconds) span.time_max = std::chrono::seconds{*options.seconds};
  const auto is_over = end.reached(*consumer);
  if (!is_over.ok()) return is_over.error();
  if (*is_over && !run.stop.requested()) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("wanted records behind the warm-up of {} s, found the end of {} after "
                             "{} records; make --warm-up less, or the topic longer",
                             options.warm_up_seconds, options.topic, warmed)};
  }
  auto measured = read_span(run, *consumer, end, span);
  if (!measured.ok()) return measured;
  watch.stop(*measured, run.env.clock().monotonic());
  measured->latency_of = "poll() that gave records";
  return measured;
}

}  // namespace millrace::cli
