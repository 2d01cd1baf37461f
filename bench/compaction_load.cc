// What the suite "compaction" does to a compacted topic of one partition. The records are the same
// whenever they are made, so that whoever reads them back knows what must have stayed.
//   compaction_load fill BROKERS TOPIC RECORDS KEYS VALUE_BYTES
//   compaction_load append BROKERS TOPIC RECORDS_PER_S VALUE_BYTES   until its input ends
//   compaction_load check BROKERS TOPIC RECORDS KEYS VALUE_BYTES
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "bench/load.h"
#include "client/consumer.h"
#include "client/producer.h"
#include "wire/crc32c.h"

namespace millrace::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Millis kPatience{30'000};
constexpr std::uint64_t kSeed = 1;
constexpr std::size_t kKeyDigits = 12;
constexpr std::size_t kIndexDigits = 12;
/// Before the keys of what is appended later, of which only how long it took matters.
constexpr std::string_view kAppendedPrefix = "appended-";

struct Job {
  std::string mode;
  std::string brokers;
  std::string topic;
  std::int64_t records = 0;  // for append: a second
  std::uint64_t keys = 0;
  std::size_t value_bytes = 0;
};

Job job_from(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  const bool is_append = mode == "append";
  if (argc != (is_append ? 6 : 7) || (!is_append && mode != "fill" && mode != "check")) {
    fmt::print(stderr,
               "wanted: {0} fill|check BROKERS TOPIC RECORDS KEYS VALUE_BYTES, or "
               "{0} append BROKERS TOPIC RECORDS_PER_S VALUE_BYTES\n",
               argv[0]);
    std::exit(2);
  }
  Job job{.mode = std::string(mode),
          .brokers = argv[2],
          .topic = argv[3],
          .records = std::atoll(argv[4]),
          .keys = is_append ? 0 : static_cast<std::uint64_t>(std::atoll(argv[5])),
          .value_bytes = static_cast<std::size_t>(std::atoll(argv[argc - 1]))};
  if (job.value_bytes < kIndexDigits) fail("a value must have room for its number");
  return job;
}

/// Digits with leading zeros, so that all keys and all values are of one size.
void write_digits(std::uint64_t number, char* to, std::size_t count) {
  for (std::size_t i = count; i-- > 0; number /= 10) to[i] = static_cast<char>('0' + number % 10);
}

std::uint64_t read_digits(std::string_view text) {
  std::uint64_t number = 0;
  const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || stop != text.data() + text.size()) {
    fail(fmt::format("wanted digits, found \"{}\"", text));
  }
  return number;
}

client::Producer open_producer(const Job& job, const char* linger_ms, io::Env& env) {
  auto producer = client::Producer::create({{"bootstrap.servers", job.brokers},
                                            {"acks", "all"},
                                            {"linger.ms", linger_ms},
                                            {"batch.size", "131072"}},
                                           {}, &env);
  if (!producer.ok()) fail(producer.error().message);
  if (const auto count = producer->partition_count(job.topic); !count.ok()) {
    fail(count.error().message);
  }
  return std::move(producer).value();
}

/// Record i has a key that chance draws, and a value that begins with i.
void fill(const Job& job, io::Env& env) {
  client::Producer producer = open_producer(job, "5", env);
  const client::TopicHandle topic = producer.topic(job.topic);
  Random random(kSeed);
  std::string key(kKeyDigits, '0');
  std::string value = value_of(job.value_bytes);
  const Stopwatch stopwatch;
  for (std::int64_t i = 0; i < job.records; ++i) {
    write_digits(random.below(job.keys), key.data(), kKeyDigits);
    write_digits(static_cast<std::uint64_t>(i), value.data(), kIndexDigits);
    const auto sent = producer.send(topic, {.topic = job.topic, .key = key, .value = value});
    if (!sent.ok()) fail(sent.error().message);
  }
  if (const auto flushed = producer.flush(); !flushed.ok()) fail(flushed.error().message);
  stopwatch.report(job.records);
}

/// At a steady rate, each record from when it is due until it is acknowledged: one that has to wait
/// for those before it has waited.
void append(const Job& job, io::Env& env) {
  (void)prctl(PR_SET_TIMERSLACK, 1UL);
  client::Producer producer = open_producer(job, "0", env);
  const client::TopicHandle topic = producer.topic(job.topic);
  const std::string value = value_of(job.value_bytes);
  std::atomic<bool> is_over = false;
  std::thread end_of_input([&] {
    char ignored = 0;
    while (read(STDIN_FILENO, &ignored, 1) > 0) {
    }
    is_over = true;
  });
  std::vector<double> took_ms;  // touched in callbacks only, until the flush
  const auto started = SteadyClock::now();
  for (std::int64_t i = 0; !is_over; ++i) {
    const auto due = started + std::chrono::nanoseconds(i * 1'000'000'000 / job.records);
    if (SteadyClock::now() < due) std::this_thread::sleep_until(due);
    const std::string key = fmt::format("{}{}", kAppendedPrefix, i);
    const auto sent = producer.send(
        topic, {.topic = job.topic, .key = key, .value = value},
        [&took_ms, due](const auto& written) {
          if (!written.ok()) fail(written.error().message);
          took_ms.push_back(
              std::chrono::duration<double, std::milli>(SteadyClock::now() - due).count());
        });
    if (!sent.ok()) fail(sent.error().message);
  }
  if (const auto flushed = producer.flush(); !flushed.ok()) fail(flushed.error().message);
  end_of_input.join();
  std::sort(took_ms.begin(), took_ms.end());
  if (took_ms.empty()) fail("nothing was appended");
  const auto quantile_ms = [&](double quantile) {
    return took_ms[static_cast<std::size_t>(quantile * static_cast<double>(took_ms.size() - 1))];
  };
  fmt::print("{{\"records\": {}, \"p50_ms\": {:.4f}, \"p99_ms\": {:.4f}}}\n", took_ms.size(),
             quantile_ms(0.5), quantile_ms(0.99));
}

client::Consumer open_consumer(const Job& job, client::PartitionList& partitions, io::Env& env) {
  auto consumer = client::Consumer::create({{"bootstrap.servers", job.brokers},
                                            {"enable.auto.commit", "false"},
                                            {"max.poll.records", "10000"}},
                                           {}, &env);
  if (!consumer.ok()) fail(consumer.error().message);
  partitions = {{job.topic, PartitionId{0}}};
  auto status = consumer->assign(partitions);
  if (status.ok()) status = consumer->seek_to_beginning(partitions);
  if (!status.ok()) fail(status.error().message);
  return std::move(consumer).value();
}

constexpr std::int64_t kNone = -1;

/// The number of the last record of each key, kNone where there is none, as the records were made.
std::vector<std::int64_t> last_made(const Job& job) {
  std::vector<std::int64_t> last(job.keys, kNone);
  Random random(kSeed);
  for (std::int64_t i = 0; i < job.records; ++i) last[random.below(job.keys)] = i;
  return last;
}

/// Reads the whole topic. Fails unless the last value of each key is the one that was made last;
/// says how many records and keys there are, and a checksum of the last values.
void check(const Job& job, io::Env& env) {
  client::PartitionList partitions;
  client::Consumer consumer = open_consumer(job, partitions, env);
  const auto ends = consumer.end_offsets(partitions);
  if (!ends.ok()) fail(ends.error().message);
  const Offset end = ends->begin()->second;

  std::vector<std::int64_t> last(job.keys, kNone);
  std::string value = value_of(job.value_bytes);
  std::int64_t records = 0;
  for (Offset next{0}; next < end;) {
    const auto polled = consumer.poll(kPatience);
    if (!polled.ok()) fail(polled.error().message);
    if (polled->empty()) fail(fmt::format("nothing came after offset {} of {}", next, end));
    for (const auto& part : *polled) {
      for (const RecordView& record : part.records) {
        next = record.offset + 1;
        if (record.key->starts_with(kAppendedPrefix)) continue;
        const auto index = read_digits(record.value->substr(0, kIndexDigits));
        write_digits(index, value.data(), kIndexDigits);
        if (*record.value != value) fail(fmt::format("the value at {} changed", record.offset));
        last.at(read_digits(*record.key)) = static_cast<std::int64_t>(index);
        ++records;
      }
    }
  }
  if (last != last_made(job)) fail("a key lost its last value");
  const auto keys = std::count_if(last.begin(), last.end(), [](auto i) { return i != kNone; });
  const std::string_view bytes(reinterpret_cast<const char*>(last.data()),
                               last.size() * sizeof(last[0]));
  fmt::print("{{\"records\": {}, \"keys\": {}, \"last_values\": {}}}\n", records, keys,
             wire::crc32c(bytes));
}

}  // namespace
}  // namespace millrace::bench

int main(int argc, char** argv) {
  using namespace millrace;
  const auto job = bench::job_from(argc, argv);
  const auto env = io::make_system_env();
  if (job.mode == "fill") {
    bench::fill(job, *env);
  } else if (job.mode == "append") {
    bench::append(job, *env);
  } else {
    bench::check(job, *env);
  }
}
