// ProcessorContext: what a node may ask of the task it runs in.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"
#include "model/record.h"
#include "model/topic_partition.h"
#include "streams/runtime/record_collector.h"
#include "streams/runtime/task_metrics.h"
#include "streams/state/state_store.h"
#include "streams/task_id.h"

namespace millrace::streams {

/// A node's own names, as they are at run time: internal topics carry the application id.
struct NodeNames {
  std::string node;
  std::string topic;                // a source's or a sink's
  std::vector<std::string> stores;  // those it uses, in the order in which they were connected
};

/// What to do with a record whose bytes are not what the source's serde wants.
enum class DeserializationPolicy {
  kLogAndFail,     // the task fails, and with it the application
  kLogAndContinue  // the record is dropped and counted
};

/// thread  its task's
class ProcessorContext {
 public:
  ProcessorContext(TaskId id, RecordCollector& collector, DeserializationPolicy policy)
      : id_(id), collector_(collector), policy_(policy) {}

  TaskId task_id() const { return id_; }
  RecordCollector& collector() { return collector_; }
  TaskMetrics& metrics() { return metrics_; }
  const TaskMetrics& metrics() const { return metrics_; }

  void add_store(std::unique_ptr<StateStore> store);
  /// The store, which the topology connected to the node that asks.
  StateStore& store(std::string_view name);
  const std::map<std::string, std::unique_ptr<StateStore>, std::less<>>& stores() const {
    return stores_;
  }

  /// Says which record is worked on from now on, so that a failure can name it: its topic, which
  /// lives until the next call or left_records(), and then, for each of its records, the offset.
  void at_topic(std::string_view topic) { place_ = {.topic = topic}; }
  void at_record(Offset offset) { place_.offset = offset; }
  void left_records() { place_ = {}; }

  /// Stops the task after the record under way, whose topic, partition and offset are put before
  /// the message; the first error stays.
  void fail(Error error);
  bool failed() const { return failure_.has_value(); }
  const std::optional<Error>& failure() const { return failure_; }

  /// The record under way could not be read: fails or counts, as the policy says.
  /// part  what of it: its key, its value, its timestamp
  void on_bad_record(std::string_view part, const Error& error);

 private:
  struct Place {
    std::string_view topic = {};
    Offset offset = kNoOffset;
  };

  TaskId id_;
  RecordCollector& collector_;
  DeserializationPolicy policy_;
  TaskMetrics metrics_;
  std::map<std::string, std::unique_ptr<StateStore>, std::less<>> stores_;
  Place place_;  // without a topic: no record is under way
  std::optional<Error> failure_;
};

}  // namespace millrace::streams
