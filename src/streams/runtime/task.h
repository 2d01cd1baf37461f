// Task: one partition of one sub-topology at work. A sans-IO core: batches of records go in;
// records to send, records for changelogs and offsets to commit come out.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"
#include "model/record.h"
#include "streams/runtime/processor.h"
#include "streams/runtime/processor_context.h"
#include "streams/runtime/record_collector.h"
#include "streams/runtime/restore_plan.h"
#include "streams/runtime/task_plan.h"

namespace millrace::streams {

/// Consecutive records of one of the task's source topics (its own partition of it).
struct InputBatch {
  std::string_view topic;
  std::span<const RecordView> records;
  Offset next_offset;  // where the partition goes on after them
};

struct TaskOptions {
  std::string application_id;
  DeserializationPolicy on_bad_record = DeserializationPolicy::kLogAndFail;
};

/// Life: make; restore() every changelog; start(); then process() and commit steps in turn.
///
/// Commit, in this order, each step durable before the next (at-least-once):
///   1. what process() sent          2. write_changelogs()          3. committable_offsets()
/// A changelog therefore never knows of a closed window whose result could still be lost.
///
/// thread  one at a time
class Task {
 public:
  /// `collector` must outlive the task.
  Task(const TaskPlan& plan, TaskId id, const TaskOptions& options, RecordCollector& collector);

  TaskId id() const { return context_.task_id(); }
  /// Stores with a changelog, by the changelog's topic.
  std::vector<std::string> changelog_topics() const;

  /// How far each changelog was restored; from the first record on for a task that is new.
  std::vector<ChangelogPosition> changelog_positions() const;

  /// Takes records of a changelog, in offset order.
  void restore(std::string_view changelog_topic, std::span<const RecordView> records);
  /// Everything of the changelog before `next` was given to restore().
  void restored_up_to(std::string_view changelog_topic, Offset next);
  /// Makes the task ready: state is complete.
  void start();
  bool is_started() const { return is_started_; }

  /// Processes all records of the batches. With several batches, the record with the smallest
  /// timestamp goes first, so that the inputs stay in step as far as they are at hand.
  /// errors  a record that could not be read (policy kLogAndFail), a failure in an operator, what a
  ///         function of the user's threw; each names the record's topic, partition and offset. The
  ///         task must not be used further, and its last commit stands
  Status process(std::span<const InputBatch> batches);

  /// Sends one record per changed key and store to the changelogs, partition = the task's.
  void write_changelogs();
  /// Next offsets by source topic, of those that moved since commit_done().
  const std::map<std::string, Offset, std::less<>>& committable_offsets() const {
    return uncommitted_;
  }
  void commit_done();
  /// Whether anything was processed since the last commit.
  bool needs_commit() const { return !uncommitted_.empty(); }

  const TaskMetrics& metrics() const { return context_.metrics(); }
  /// Null when the task has no store of that name.
  const StateStore* store(std::string_view name) const;

 private:
  struct ChangelogStore {
    StateStore* store;  // the context's
    std::string topic;  // empty: no changelog
    OutputTopic output{-1};
    Offset restored_up_to{0};
  };
  class ChangelogSink;

  void make_nodes(const TaskPlan& plan, const TaskOptions& options);
  ChangelogStore& changelog(std::string_view topic);
  SourceNode& source(std::string_view topic);
  void process_all(std::span<const InputBatch> batches);
  void process_merged(std::span<const InputBatch> batches);

  ProcessorContext context_;
  std::vector<std::unique_ptr<Processor>> nodes_;
  std::vector<NodeNames> node_names_;
  std::map<std::string, SourceNode*, std::less<>> sources_;  // by topic
  std::vector<ChangelogStore> changelogs_;
  std::map<std::string, Offset, std::less<>> uncommitted_;
  bool is_started_ = false;
};

}  // namespace millrace::streams
