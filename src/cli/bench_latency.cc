// millrace bench latency: from the moment at which a record was due to be sent until a consumer has
// it, at a steady rate. Whoever is late, sender, broker or consumer, is late in the figures: a
// record's latency counts from its place in the schedule.
#include <sys/prctl.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "base/byte_order.h"
#include "base/guarded.h"
#include "cli/bench_run.h"
#include "cli/live_line.h"
#include "client/consumer.h"
#include "client/producer.h"

namespace millrace::cli {
namespace {

using Nanos = std::chrono::nanoseconds;

constexpr std::int64_t kDefaultSeconds = 10;
constexpr Millis kPollMax{100};
constexpr Millis kLastRecordsWait{30'000};  // for what was sent last

/// What a value begins with: whose it is, and its place in the schedule.
struct Mark {
  std::uint64_t run = 0;
  std::int64_t number = 0;
};
constexpr std::size_t kMarkBytes = sizeof(std::uint64_t) + sizeof(std::int64_t);

void write_mark(const Mark& mark, std::string& value) {
  store_big_endian(value.data(), mark.run);
  store_big_endian(value.data() + sizeof mark.run, mark.number);
}

std::optional<Mark> read_mark(std::optional<std::string_view> value) {
  if (!value || value->size() < kMarkBytes) return std::nullopt;
  return Mark{load_big_endian<std::uint64_t>(value->data()),
              load_big_endian<std::int64_t>(value->data() + sizeof(std::uint64_t))};
}

/// The schedule, which sender and receiver both know.
struct Schedule {
  std::uint64_t run = 0;
  MonotonicTime start = {};
  std::int64_t per_second = 0;
  std::int64_t warm_up_records = 0;
  std::int64_t records = 0;  // the warm-up included

  MonotonicTime due(std::int64_t number) const { return due_at(start, number, per_second); }
};

/// Reads on a thread of its own until everything has come, or nothing more comes.
class Receiver {
 public:
  Receiver(client::Consumer& consumer, const Schedule& schedule, const Clock& clock)
      : consumer_(consumer), schedule_(schedule), clock_(clock) {}

  void run() {
    while (received_ < wanted_) {
      const auto polled = consumer_.poll(kPollMax);
      if (!polled.ok()) return fail(polled.error());
      const MonotonicTime now = clock_.monotonic();
      take(*polled, now);
      if (now >= give_up_at_.load()) return;
    }
  }

  /// So many were sent, and no more will be.         thread  any
  void expect(std::int64_t records, MonotonicTime give_up_at) {
    give_up_at_ = give_up_at;
    wanted_ = records;
  }

  /// When the last record came.
  MonotonicTime last_at() const { return last_at_; }
  std::int64_t received() const { return received_; }
  std::int64_t measured() const { return measured_; }
  LatencyHistogram latency() const {
    return latency_.with([](const LatencyHistogram& latency) { return latency; });
  }
  Status status() const {
    return status_.with([](const Status& status) { return status; });
  }

 private:
  void take(const client::PolledRecords& polled, MonotonicTime now) {
    latency_.with([&](LatencyHistogram& latency) {
      for (const auto& part : polled) {
        for (const RecordView& record : part.records) {
          const auto mark = read_mark(record.value);
          if (!mark || mark->run != schedule_.run) continue;  // somebody else's
          ++received_;
          last_at_ = now;
          if (mark->number < schedule_.warm_up_records) continue;
          ++measured_;
          latency.add(now - schedule_.due(mark->number));
        }
      }
    });
  }
  void fail(const Error& error) {
    status_.with([&](Status& status) { status = error; });
  }

  client::Consumer& consumer_;
  const Schedule& schedule_;
  const Clock& clock_;
  std::atomic<std::int64_t> wanted_ = INT64_MAX;
  std::atomic<MonotonicTime> give_up_at_ = MonotonicTime::max();
  std::atomic<MonotonicTime> last_at_ = MonotonicTime();
  std::atomic<std::int64_t> received_ = 0;
  std::atomic<std::int64_t> measured_ = 0;
  Guarded<LatencyHistogram> latency_;
  Guarded<Status> status_;
};

/// Assigns every partition of the topic, at its end, and waits until it is known where that is.
Status begin_at_end(const BenchRun& run, client::Consumer& consumer) {
  const auto count = consumer.partition_count(run.options.topic);
  if (!count.ok()) return count.error();
  client::PartitionList partitions;
  for (std::int32_t id = 0; id < *count; ++id) {
    partitions.push_back({run.options.topic, PartitionId{id}});
  }
  auto status = consumer.assign(partitions);
  if (status.ok()) status = consumer.seek_to_end(partitions);
  if (!status.ok()) return status;
  for (const auto& partition : partitions) {
    if (const auto position = consumer.position(partition); !position.ok()) {
      return position.error();
    }
  }
  return {};
}

struct SentOnSchedule {
  std::int64_t records = 0;
  Nanos late{0};
  std::optional<Stopwatch> since_warm_up;
};

/// What is late is sent at once, so that the rate holds.
Result<SentOnSchedule> send_on_schedule(const BenchRun& run, const Schedule& schedule,
                                        client::Producer& producer, const Receiver& receiver) {
  (void)prctl(PR_SET_TIMERSLACK, 1UL);
  const Clock& clock = run.env.clock();
  const client::TopicHandle topic = producer.topic(run.options.topic);
  std::string value = bench_value(run.options.value_bytes);
  LiveLine line(run.console, "latency", schedule.start);
  SentOnSchedule sent;
  for (; sent.records < schedule.records; ++sent.records) {
    const Nanos left = schedule.due(sent.records) - clock.monotonic();
    if (left > Nanos{0}) (void)run.stop.wait_for(left);
    if (run.stop.requested() || !receiver.status().ok()) break;
    const MonotonicTime now = clock.monotonic();
    if (sent.records >= schedule.warm_up_records) {
      if (!sent.since_warm_up) sent.since_warm_up.emplace(clock);
      sent.late = std::max(sent.late, now - schedule.due(sent.records));
    }
    write_mark({schedule.run, sent.records}, value);
    const auto taken = producer.send(topic, {.topic = run.options.topic, .value = value});
    if (!taken.ok()) return taken.error();
    if (!line.is_due(now)) continue;
    const auto latency = receiver.latency();
    const auto shown = [&](double share) {
      return std::chrono::duration<double, std::milli>(latency.compute_quantile(share)).count();
    };
    line.show(receiver.received(), receiver.received() * run.options.value_bytes,
              fmt::format(", p50 {:.2f} ms, p99 {:.2f} ms", shown(0.5), shown(0.99)), now);
  }
  return sent;
}

/// Those of the properties that clients of that kind know: -X may name those of both.
client::Properties known_to(client::ClientKind kind, const client::Properties& properties) {
  client::Properties known;
  for (const auto& definition : client::property_definitions(kind)) {
    const std::string* const value = properties.find(definition.name);
    if (value != nullptr) known.set(std::string(definition.name), *value);
  }
  return known;
}

/// errors  kInvalidArgument for a property that clients of neither kind know
Status check_known(const client::Properties& properties) {
  const auto writing = known_to(client::ClientKind::kProducer, properties);
  const auto reading = known_to(client::ClientKind::kConsumer, properties);
  for (const auto& [name, value] : properties.entries()) {
    if (writing.contains(name) || reading.contains(name)) continue;
    return client::check_properties(client::ClientKind::kProducer, {{name, value}});
  }
  return {};
}

Result<Measured> measure_latency(const BenchRun& run) {
  const BenchOptions& options = run.options;
  client::Properties writing = known_to(client::ClientKind::kProducer, run.properties);
  if (!writing.contains("linger.ms")) writing.set("linger.ms", "0");
  auto producer = client::Producer::create(writing, {}, &run.env);
  if (!producer.ok()) return producer.error();
  if (const auto count = producer->partition_count(options.topic); !count.ok()) {
    return count.error();
  }
  client::Properties reading = known_to(client::ClientKind::kConsumer, run.properties);
  reading.set("enable.auto.commit", "false");
  auto consumer = client::Consumer::create(reading, {}, &run.env);
  if (!consumer.ok()) return consumer.error();
  if (auto status = begin_at_end(run, *consumer); !status.ok()) return status.error();

  Schedule schedule{.run = run.env.make_random().next(), .per_second = options.records_per_s};
  schedule.warm_up_records = options.warm_up_seconds * schedule.per_second;
  const std::int64_t measured_records =
      options.records.value_or(options.seconds.value_or(kDefaultSeconds) * schedule.per_second);
  schedule.records = schedule.warm_up_records + measured_records;
  schedule.start = run.env.clock().monotonic();

  Receiver receiver(*consumer, schedule, run.env.clock());
  const auto thread = run.env.start_thread("bench-receiver", [&receiver] { receiver.run(); });
  const auto sent = send_on_schedule(run, schedule, *producer, receiver);
  const Status flushed = producer->flush();
  const auto clock_now = run.env.clock().monotonic();
  const bool is_sent = sent.ok() && flushed.ok();
  receiver.expect(sent.ok() ? sent->records : 0,
                  is_sent ? clock_now + kLastRecordsWait : clock_now);
  thread->join();
  if (!sent.ok()) return sent.error();
  if (auto status = receiver.status(); !status.ok()) return status.error();

  Measured measured;
  if (sent->since_warm_up) sent->since_warm_up->stop(measured, receiver.last_at());
  if (!flushed.ok()) measured.failure = flushed.error();
  measured.records = receiver.measured();
  measured.bytes = measured.records * options.value_bytes;
  measured.failed = sent->records - receiver.received();
  measured.latency = receiver.latency();
  measured.latency_of = "due to delivered";
  measured.sender_late = sent->late;
  return measured;
}

}  // namespace

Result<Measured> bench_latency(const BenchRun& run) {
  if (run.options.value_bytes < static_cast<std::int64_t>(kMarkBytes)) {
    return wrong_usage(
        fmt::format("wanted --value-bytes {} or more, for each record's number, found {}",
                    kMarkBytes, run.options.value_bytes));
  }
  if (auto status = check_known(run.properties); !status.ok()) return status.error();
  return measure_latency(run);
}

}  // namespace millrace::cli
