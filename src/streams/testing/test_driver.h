// TestDriver: runs a topology without a broker, without threads and on virtual time. Topics,
// changelogs and committed offsets live in memory; what is piped in is processed before the call
// returns, through repartition topics too.
//   auto driver = *TestDriver::create(*builder.build());
//   auto input = driver->input<std::string, std::string>("words");
//   auto output = driver->output<std::string, std::int64_t>("counts");
//   input.pipe("a", "x", Timestamp{5});
//   EXPECT_THAT(output.read_all(), ElementsAre(…));
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"
#include "model/record.h"
#include "streams/runtime/processor_context.h"
#include "streams/runtime/task_metrics.h"
#include "streams/serde.h"
#include "streams/state/state_store.h"
#include "streams/topology/topology.h"

namespace millrace::streams::testing {

/// A record of a topic in the driver's memory.
struct DriverRecord {
  PartitionId partition;
  std::optional<std::string> key;
  std::optional<std::string> value;
  Timestamp timestamp = kNoTimestamp;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers = {};

  bool operator==(const DriverRecord&) const = default;
};

struct TestDriverOptions {
  std::string application_id = "test";
  std::int32_t partitions = 1;  // of every topic
  DeserializationPolicy on_bad_record = DeserializationPolicy::kLogAndFail;
  Timestamp wall_clock{0};
  /// 0: commits after every piped record. Otherwise when virtual time has advanced that far since
  /// the last commit, and in commit().
  Millis commit_interval{0};
};

/// What a typed read gives.
template <class K, class V>
struct TestRecord {
  K key{};
  V value{};
  Timestamp timestamp = kNoTimestamp;

  bool operator==(const TestRecord&) const = default;
};

/// When a crash strikes.
enum class CrashPoint {
  kBetweenCommits,
  kInCommit  // the changelogs were written, the offsets not yet
};

class TestDriver;

template <class K, class V>
class TestInputTopic {
 public:
  TestInputTopic(TestDriver& driver, std::string topic, AnySerde<K> key, AnySerde<V> value)
      : driver_(driver), topic_(std::move(topic)), key_(std::move(key)), value_(std::move(value)) {}

  /// Aborts the test when a task has failed.
  void pipe(const K& key, const V& value, Timestamp timestamp);
  /// With a null key.
  void pipe(const V& value, Timestamp timestamp);

 private:
  TestDriver& driver_;  // outlives it
  std::string topic_;
  AnySerde<K> key_;
  AnySerde<V> value_;
  Buffer key_scratch_;
  Buffer value_scratch_;
};

/// Reads with owned types: std::string, not std::string_view.
template <class K, class V>
class TestOutputTopic {
 public:
  TestOutputTopic(TestDriver& driver, std::string topic, AnySerde<K> key, AnySerde<V> value)
      : driver_(driver), topic_(std::move(topic)), key_(std::move(key)), value_(std::move(value)) {}

  /// What was written since the last read.
  std::vector<TestRecord<K, V>> read_all();
  /// The last value of each key that was written since the last read.
  std::map<K, V> read_to_map();

 private:
  TestDriver& driver_;  // outlives it
  std::string topic_;
  AnySerde<K> key_;
  AnySerde<V> value_;
};

/// thread  one
class TestDriver {
 public:
  /// errors  kInvalidArgument for the options; those of making a task
  static Result<std::unique_ptr<TestDriver>> create(Topology topology,
                                                    TestDriverOptions options = {});
  ~TestDriver();
  TestDriver(const TestDriver&) = delete;
  TestDriver& operator=(const TestDriver&) = delete;

  /// Appends a record to a source topic and processes until nothing is left to do. Without a
  /// partition it goes by a hash of the key (not Kafka's).          errors  the failure of a task;
  /// the driver is stuck then
  Status pipe_input(std::string_view topic, std::optional<std::string_view> key,
                    std::optional<std::string_view> value, Timestamp timestamp,
                    const std::vector<HeaderView>& headers = {},
                    std::optional<PartitionId> partition = {});
  /// What was written to a topic since the last call, in order.
  std::vector<DriverRecord> read_output(std::string_view topic);

  template <class K, class V>
  TestInputTopic<K, V> input(std::string topic, AnySerde<K> key = {}, AnySerde<V> value = {}) {
    return {*this, std::move(topic), std::move(key), std::move(value)};
  }
  template <class K, class V>
  TestOutputTopic<K, V> output(std::string topic, AnySerde<K> key = {}, AnySerde<V> value = {}) {
    return {*this, std::move(topic), std::move(key), std::move(value)};
  }

  /// Moves virtual time; commits when the commit interval has passed.
  void advance_wall_clock(Millis by);
  /// Writes changed state to the changelogs and commits offsets.
  void commit();
  /// Loses the tasks and all that was not committed, then starts over: state from the changelogs,
  /// input from the committed offsets. Output already sent stays sent.
  Status crash_and_restart(CrashPoint at = CrashPoint::kBetweenCommits);

  /// The store of a task; null when there is none.
  const KeyValueStore* key_value_store(std::string_view name, PartitionId partition = {}) const;
  const WindowStore* window_store(std::string_view name, PartitionId partition = {}) const;
  TaskMetrics metrics() const;

  /// Every record of a topic, changelogs and repartition topics included, read or not.
  std::vector<DriverRecord> topic_contents(std::string_view topic) const;

 private:
  class Core;
  explicit TestDriver(std::unique_ptr<Core> core);

  std::unique_ptr<Core> core_;
};

template <class K, class V>
void TestInputTopic<K, V>::pipe(const K& key, const V& value, Timestamp timestamp) {
  const Status status = driver_.pipe_input(topic_, key_.bytes_of(key, key_scratch_),
                                           value_.bytes_of(value, value_scratch_), timestamp);
  CHECK(status.ok(), "piping into {}: {}", topic_, status.error().to_string());
}

template <class K, class V>
void TestInputTopic<K, V>::pipe(const V& value, Timestamp timestamp) {
  const Status status =
      driver_.pipe_input(topic_, std::nullopt, value_.bytes_of(value, value_scratch_), timestamp);
  CHECK(status.ok(), "piping into {}: {}", topic_, status.error().to_string());
}

template <class K, class V>
std::vector<TestRecord<K, V>> TestOutputTopic<K, V>::read_all() {
  std::vector<TestRecord<K, V>> records;
  for (const DriverRecord& raw : driver_.read_output(topic_)) {
    TestRecord<K, V> record;
    if (raw.key) record.key = key_.decode(*raw.key).value();
    record.value = value_.decode(raw.value).value();
    record.timestamp = raw.timestamp;
    records.push_back(std::move(record));
  }
  return records;
}

template <class K, class V>
std::map<K, V> TestOutputTopic<K, V>::read_to_map() {
  std::map<K, V> last;
  for (auto& record : read_all()) last[record.key] = std::move(record.value);
  return last;
}

}  // namespace millrace::streams::testing
