// millrace bench produce: how fast records are written, and how long each takes.
#include <algorithm>
#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "cli/bench_run.h"
#include "cli/live_line.h"
#include "client/producer.h"

namespace millrace::cli {
namespace {

using Nanos = std::chrono::nanoseconds;

constexpr std::int64_t kSecondsDefault = 10;
// At full speed a look at the clock for each record would be a part of what is measured.
constexpr std::int64_t kTimedEach = 100;

/// What the producer's callbacks find. Counters of the warm-up are dropped.
/// thread  any
class Acknowledged {
 public:
  explicit Acknowledged(const Clock& clock) : clock_(clock) {}

  void count(const client::DeliveryReport& report) {
    const auto count = static_cast<std::int64_t>(report.record_count);
    (report.status.ok() ? records_ : failed_) += count;
  }
  void time(MonotonicTime due) {
    const Nanos took = clock_.monotonic() - due;
    latency_.with([took](LatencyHistogram& latency) { latency.add(took); });
  }
  void clear() {
    records_ = 0;
    failed_ = 0;
    latency_.with([](LatencyHistogram& latency) { latency.clear(); });
  }

  std::int64_t records() const { return records_; }
  std::int64_t failed() const { return failed_; }
  LatencyHistogram latency() const {
    return latency_.with([](const LatencyHistogram& latency) { return latency; });
  }

 private:
  const Clock& clock_;
  std::atomic<std::int64_t> records_ = 0;
  std::atomic<std::int64_t> failed_ = 0;
  Guarded<LatencyHistogram> latency_;
};

/// Sends records of one kind, on schedule or as fast as it goes.
class Sender {
 public:
  Sender(const BenchRun& run, client::Producer& producer, Acknowledged& acknowledged)
      : run_(run),
        producer_(producer),
        topic_(producer.topic(run.options.topic)),
        acknowledged_(acknowledged),
        value_(bench_value(run.options.value_bytes)) {
    for (std::int64_t i = 0; i < run.options.keys; ++i) keys_.push_back(fmt::format("key-{}", i));
  }

  struct Phase {
    std::string label;
    std::int64_t records_max = INT64_MAX;
    Nanos time_max = Nanos::max();
  };
  struct Sent {
    std::int64_t records = 0;
    std::int64_t bytes = 0;
    Nanos late{0};
  };

  /// Until the phase is over, or a signal comes.
  /// errors  of send()
  Result<Sent> send(const Phase& phase) {
    const Clock& clock = run_.env.clock();
    const MonotonicTime start = clock.monotonic();
    LiveLine line(run_.console, phase.label, start);
    Sent sent;
    for (; sent.records < phase.records_max && !run_.stop.requested(); ++sent.records) {
      const bool is_timed = rate() > 0 || sent.records % kTimedEach == 0;
      MonotonicTime due;
      if (is_timed) {
        due = rate() > 0 ? wait_until_due(start, sent) : clock.monotonic();
        if (due - start >= phase.time_max || run_.stop.requested()) break;
        if (line.is_due(due)) show(line, due);
      }
      if (auto status = send_one(sent, is_timed ? &due : nullptr); !status.ok())
        return status.error();
    }
    return sent;
  }

 private:
  std::int64_t rate() const { return run_.options.records_per_s; }

  /// Returns when the record was due: its latency counts from there, however late it is sent.
  MonotonicTime wait_until_due(MonotonicTime start, Sent& sent) {
    const MonotonicTime due = due_at(start, sent.records, rate());
    const Nanos left = due - run_.env.clock().monotonic();
    if (left > Nanos{0}) {
      (void)run_.stop.wait_for(left);
    } else {
      sent.late = std::max(sent.late, -left);
    }
    return due;
  }

  Status send_one(Sent& sent, const MonotonicTime* due) {
    client::ProducerRecord record{.topic = run_.options.topic, .value = value_};
    if (!keys_.empty()) {
      record.key = keys_[static_cast<std::size_t>(sent.records % run_.options.keys)];
      sent.bytes += static_cast<std::int64_t>(record.key->size());
    }
    sent.bytes += run_.options.value_bytes;
    auto taken =
        due == nullptr
            ? producer_.send(topic_, record)
            : producer_.send(topic_, record, [to = &acknowledged_, at = *due](const auto& fate) {
                if (fate.ok()) to->time(at);
              });
    return taken.ok() ? Status() : Status(taken.error());
  }

  void show(LiveLine& line, MonotonicTime now) const {
    const auto latency = acknowledged_.latency();
    const auto p99 = std::chrono::duration<double, std::milli>(latency.compute_quantile(0.99));
    const std::int64_t records = acknowledged_.records();
    line.show(records, records * run_.options.value_bytes,
              fmt::format(", p99 {:.2f} ms", p99.count()), now);
  }

  const BenchRun& run_;
  client::Producer& producer_;
  client::TopicHandle topic_;
  Acknowledged& acknowledged_;
  std::string value_;
  std::vector<std::string> keys_;
};

}  // namespace

Result<Measured> bench_produce(const BenchRun& run) {
  const BenchOptions& options = run.options;
  Acknowledged acknowledged(run.env.clock());
  auto producer = client::Producer::create(
      run.properties,
      {.on_delivery = [&](const client::DeliveryReport& report) { acknowledged.count(report); }},
      &run.env);
  if (!producer.ok()) return producer.error();
  // Neither the topic's metadata nor the first connection is part of what is measured.
  if (const auto count = producer->partition_count(options.topic); !count.ok()) {
    return count.error();
  }
  Sender sender(run, *producer, acknowledged);
  if (options.warm_up_seconds > 0) {
    const auto warm = sender.send(
        {.label = "warming up", .time_max = std::chrono::seconds{options.warm_up_seconds}});
    if (!warm.ok()) return warm.error();
    if (auto status = producer->flush(); !status.ok()) return status.error();
    acknowledged.clear();
  }

  Sender::Phase phase{.label = "producing", .records_max = options.records.value_or(INT64_MAX)};
  if (!options.records || options.seconds) {
    phase.time_max = std::chrono::seconds{options.seconds.value_or(kSecondsDefault)};
  }
  const Stopwatch watch(run.env.clock());
  const auto sent = sender.send(phase);
  if (!sent.ok()) return sent.error();
  const Status flushed = producer->flush();
  Measured measured;
  watch.stop(measured, run.env.clock().monotonic());  // to the last acknowledgement
  measured.records = acknowledged.records();
  measured.failed = acknowledged.failed();
  const double share = sent->records == 0 ? 0
                                          : static_cast<double>(measured.records) /
                                                static_cast<double>(sent->records);
  measured.bytes = static_cast<std::int64_t>(static_cast<double>(sent->bytes) * share);
  measured.latency = acknowledged.latency();
  measured.latency_of = options.records_per_s > 0
                            ? "due to acknowledged"
                            : fmt::format("send to acknowledged, of each {}th record", kTimedEach);
  if (options.records_per_s > 0) measured.sender_late = sent->late;
  if (!flushed.ok()) measured.failure = flushed.error();
  return measured;
}

}  // namespace millrace::cli
