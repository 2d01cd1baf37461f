// Task: one partition of one sub-topology at work. A sans-IO core: batches of records go in;
// records to send, records for changelogs and offsets to commit come out.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"
#include "model/record.h"
#include "streams/runtime/input_queues.h"
#include "streams/runtime/processor.h"
#include "streams/runtime/processor_context.h"
#include "streams/runtime/record_collector.h"
#include "streams/runtime/restore_plan.h"
#include "streams/runtime/task_plan.h"

namespace millrace::streams {

struct TaskOptions {
  std::string application_id;
  DeserializationPolicy on_bad_record = DeserializationPolicy::kLogAndFail;
  /// How long a source without records is waited for while another has some.
  Millis idle_max{0};
};

/// Life: create; restore() every changelog; start(); then add(), process() and commit steps in
/// turn.
///
/// Commit, in this order, each step durable before the next (at-least-once):
///   1. what process() sent          2. write_changelogs()          3. committable_offsets()
/// and commit_done() once all are. A changelog therefore never knows of a closed window whose
/// result could still be lost. Where the commit did not happen, lay_aside() undoes what came after
/// the last one.
///
/// Invariants: before start() and after lay_aside() the stores hold what their changelogs say up to
/// changelog_positions(); from start() on also the changes since. A batch belongs to the task until
/// all of its records are processed, and its end is committable only then. After a failure nothing
/// but the destructor may be called: the last commit stands.
///
/// thread  one at a time
class Task {
 public:
  /// Makes stores and processors. `collector` must outlive the task.
  /// errors  those of the stores; what copying a function of the user's threw
  static Result<std::unique_ptr<Task>> create(const TaskPlan& plan, TaskId id,
                                              const TaskOptions& options,
                                              RecordCollector& collector);

  TaskId id() const { return context_.task_id(); }
  /// Stores with a changelog, by the changelog's topic.
  std::vector<std::string> changelog_topics() const;
  /// How far the stores hold their changelogs; from the first record on for a task that is new.
  std::vector<ChangelogPosition> changelog_positions() const;

  /// Takes records of a changelog, in offset order; `next` is where the changelog goes on.
  /// errors  the store's
  Status restore(std::string_view changelog_topic, std::span<const RecordView> records,
                 Offset next);
  /// Makes the task ready: state is complete.                     errors  the store's
  Status start();
  bool is_started() const { return is_started_; }

  /// Takes a batch of one of its source topics, which follows the last of that topic.
  void add(InputBatch batch);
  /// Processes what was added, as far as no source is waited for: the record with the smallest
  /// timestamp goes first.
  /// errors  a record that could not be read (policy kLogAndFail), a failure in an operator or a
  ///         store, what a function of the user's threw; each names the record's topic, partition
  ///         and offset
  Status process(MonotonicTime now);
  bool has_input() const { return !inputs_.empty(); }
  /// Records of a source topic that were added and are not finished.
  std::size_t unfinished_records(std::string_view topic) const;

  /// Sends one record per changed key and store to the changelogs, partition = the task's.
  /// errors  the store's
  Status write_changelogs();
  /// Next offsets by source topic, of those that moved since commit_done().
  std::map<std::string, Offset> committable_offsets() const;
  /// The commit happened: what was written is final.              errors  the store's
  Status commit_done();
  /// Whether anything was processed since the last commit.
  bool needs_commit() const;
  /// Undoes everything since the last commit, and drops what was added: the task is as before
  /// start(). The records since the last commit are to be read again.
  /// errors  the store's
  Status lay_aside();
  /// Whether the state of a task that is laid aside is worth keeping: it may be restored further
  /// from where it stands.
  bool has_restorable_state() const;

  const TaskMetrics& metrics() const { return context_.metrics(); }
  bool has_failed() const { return context_.failed(); }
  /// Null when the task has no store of that name.
  const StateStore* store(std::string_view name) const;

 private:
  struct ChangelogStore {
    StateStore* store;  // the context's
    std::string topic;  // empty: no changelog
    OutputTopic output{-1};
  };
  struct Source {
    std::string topic;
    SourceNode* node;
    std::optional<Offset> committed;  // position at the last commit, of those since start()
  };
  class ChangelogSink;

  Task(TaskId id, const TaskOptions& options, RecordCollector& collector, std::size_t sources)
      : context_(id, collector, options.on_bad_record), inputs_(sources, options.idle_max) {}
  Status make_stores(const TaskPlan& plan, const TaskOptions& options);
  void make_nodes(const TaskPlan& plan, const TaskOptions& options);
  std::size_t source_of(std::string_view topic) const;
  ChangelogStore& changelog(std::string_view topic);
  void process_all(MonotonicTime now);

  ProcessorContext context_;
  std::vector<std::unique_ptr<Processor>> nodes_;
  std::vector<NodeNames> node_names_;
  std::vector<Source> sources_;  // as in inputs_
  std::vector<ChangelogStore> changelogs_;
  InputQueues inputs_;
  bool is_started_ = false;
};

}  // namespace millrace::streams
