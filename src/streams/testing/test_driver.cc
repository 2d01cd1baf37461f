#include "streams/testing/test_driver.h"

#include <span>

#include "base/saturating.h"
#include "streams/runtime/task.h"
#include "streams/testing/memory_topics.h"

namespace millrace::streams::testing {

class TestDriver::Core {
 public:
  Core(Topology topology, TestDriverOptions options)
      : topology_(std::move(topology)),
        options_(std::move(options)),
        topics_(options_.partitions),
        now_(options_.wall_clock),
        committed_at_(options_.wall_clock) {
    for (const TaskPlan& plan : topology_.plans()) {
      for (const TopicRef& topic : plan.source_topics()) {
        topics_.topic(topic.resolve(options_.application_id));
      }
    }
  }

  /// Once, before anything else.
  Status start() { return make_tasks(); }

  Status pipe(std::string_view topic, const OutputRecord& record) {
    topics_.send(topics_.topic(topic), record);
    if (Status processed = process_all(); !processed.ok()) return processed;
    if (options_.commit_interval.count() == 0) return commit();
    return {};
  }

  void advance(Millis by) {
    now_ = timestamp_after(now_, by);
    if (millis_between(committed_at_, now_) >= options_.commit_interval.count()) {
      const Status committed = commit();
      CHECK(committed.ok(), "commit: {}", committed.error().to_string());
    }
  }

  Status commit() {
    if (Status written = write_changelogs(); !written.ok()) return written;
    for (auto& [id, running] : tasks_) {
      for (const auto& [topic, next] : running.task->committable_offsets()) {
        committed_[{topic, id.partition}] = next;
      }
      if (Status done = running.task->commit_done(); !done.ok()) return done;
    }
    committed_at_ = now_;
    return {};
  }

  Status crash_and_restart(CrashPoint at) {
    if (at == CrashPoint::kInCommit) {
      if (Status written = write_changelogs(); !written.ok()) return written;
    }
    for (auto& [id, running] : tasks_) past_ += running.task->metrics();
    tasks_.clear();
    if (Status made = make_tasks(); !made.ok()) return made;
    return process_all();
  }

  const StateStore* store(std::string_view name, PartitionId partition) const {
    for (const auto& [id, running] : tasks_) {
      if (id.partition != partition) continue;
      if (const StateStore* const found = running.task->store(name)) return found;
    }
    return nullptr;
  }

  TaskMetrics metrics() const {
    TaskMetrics sum = past_;
    for (const auto& [id, running] : tasks_) sum += running.task->metrics();
    return sum;
  }
  MemoryTopics& topics() { return topics_; }

 private:
  struct RunningTask {
    std::unique_ptr<Task> task;
    std::map<std::string, Offset> positions;  // by source topic
  };

  Status make_tasks() {
    for (const TaskPlan& plan : topology_.plans()) {
      for (std::int32_t p = 0; p < options_.partitions; ++p) {
        if (Status started = start_task(plan, PartitionId{p}); !started.ok()) return started;
      }
    }
    return {};
  }

  Status start_task(const TaskPlan& plan, PartitionId partition) {
    const TaskId id{plan.subtopology, partition};
    auto made = Task::create(plan, id, {options_.application_id, options_.on_bad_record}, topics_);
    if (!made.ok()) return std::move(made).error();
    RunningTask running{std::move(*made), {}};
    for (const std::string& changelog : running.task->changelog_topics()) {
      Status restored =
          running.task->restore(changelog, topics_.read(changelog, partition, Offset{0}),
                                topics_.end_offset(changelog, partition));
      if (!restored.ok()) return restored;
    }
    if (Status started = running.task->start(); !started.ok()) return started;
    for (const TopicRef& topic : plan.source_topics()) {
      const std::string name = topic.resolve(options_.application_id);
      const auto committed = committed_.find({name, partition});
      running.positions[name] = committed == committed_.end() ? Offset{0} : committed->second;
    }
    tasks_.emplace(id, std::move(running));
    return {};
  }

  /// Until no task finds a record: one may have written what another reads.
  Status process_all() {
    for (bool found = true; found;) {
      found = false;
      for (auto& [id, running] : tasks_) {
        auto processed = process_available(id.partition, running);
        if (!processed.ok()) return std::move(processed).error();
        found = found || *processed;
      }
    }
    return {};
  }

  Result<bool> process_available(PartitionId partition, RunningTask& running) {
    for (auto& [topic, position] : running.positions) {
      const auto records =
          std::make_shared<const std::vector<RecordView>>(topics_.read(topic, partition, position));
      if (records->empty()) continue;
      position = position + static_cast<std::int64_t>(records->size());
      running.task->add({topic, *records, position, records});
    }
    if (!running.task->has_input()) return false;
    if (Status status = running.task->process(MonotonicTime{}); !status.ok()) {
      return std::move(status).error();
    }
    return true;
  }

  Status write_changelogs() {
    for (auto& [id, running] : tasks_) {
      if (Status written = running.task->write_changelogs(); !written.ok()) return written;
    }
    return {};
  }

  Topology topology_;
  TestDriverOptions options_;
  MemoryTopics topics_;
  std::map<TaskId, RunningTask> tasks_;
  std::map<TopicPartition, Offset> committed_;
  TaskMetrics past_;  // of tasks that were lost
  Timestamp now_;
  Timestamp committed_at_;
};

Result<std::unique_ptr<TestDriver>> TestDriver::create(Topology topology,
                                                       TestDriverOptions options) {
  if (options.partitions < 1) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("a topic has at least one partition, not {}", options.partitions)};
  }
  auto core = std::make_unique<Core>(std::move(topology), std::move(options));
  if (Status started = core->start(); !started.ok()) return std::move(started).error();
  return std::unique_ptr<TestDriver>(new TestDriver(std::move(core)));
}

TestDriver::TestDriver(std::unique_ptr<Core> core) : core_(std::move(core)) {}
TestDriver::~TestDriver() = default;

Status TestDriver::pipe_input(std::string_view topic, std::optional<std::string_view> key,
                              std::optional<std::string_view> value, Timestamp timestamp,
                              const std::vector<HeaderView>& headers,
                              std::optional<PartitionId> partition) {
  return core_->pipe(topic, {.key = key,
                             .value = value,
                             .timestamp = timestamp,
                             .headers = headers,
                             .partition = partition});
}

std::vector<DriverRecord> TestDriver::read_output(std::string_view topic) {
  return core_->topics().take_new(topic);
}

void TestDriver::advance_wall_clock(Millis by) {
  core_->advance(by);
}

void TestDriver::commit() {
  const Status committed = core_->commit();
  CHECK(committed.ok(), "commit: {}", committed.error().to_string());
}

Status TestDriver::crash_and_restart(CrashPoint at) {
  return core_->crash_and_restart(at);
}

const KeyValueStore* TestDriver::key_value_store(std::string_view name,
                                                 PartitionId partition) const {
  return dynamic_cast<const KeyValueStore*>(core_->store(name, partition));
}

const WindowStore* TestDriver::window_store(std::string_view name, PartitionId partition) const {
  return dynamic_cast<const WindowStore*>(core_->store(name, partition));
}

TaskMetrics TestDriver::metrics() const {
  return core_->metrics();
}

std::vector<DriverRecord> TestDriver::topic_contents(std::string_view topic) const {
  return core_->topics().contents(topic);
}

}  // namespace millrace::streams::testing
