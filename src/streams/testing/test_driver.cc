#include "streams/testing/test_driver.h"

#include <span>

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
    make_tasks();
  }

  Status pipe(std::string_view topic, const OutputRecord& record) {
    topics_.send(topics_.topic(topic), record);
    if (Status processed = process_all(); !processed.ok()) return processed;
    if (options_.commit_interval.count() == 0) commit();
    return {};
  }

  void advance(Millis by) {
    now_ = Timestamp{now_.value() + by.count()};
    if (now_.value() - committed_at_.value() >= options_.commit_interval.count()) commit();
  }

  void commit() {
    write_changelogs();
    for (auto& [id, running] : tasks_) {
      for (const auto& [topic, next] : running.task->committable_offsets()) {
        committed_[{topic, id.partition}] = next;
      }
      running.task->commit_done();
    }
    committed_at_ = now_;
  }

  Status crash_and_restart(CrashPoint at) {
    if (at == CrashPoint::kInCommit) write_changelogs();
    for (auto& [id, running] : tasks_) past_ += running.task->metrics();
    tasks_.clear();
    make_tasks();
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

  void make_tasks() {
    for (const TaskPlan& plan : topology_.plans()) {
      for (std::int32_t p = 0; p < options_.partitions; ++p) start_task(plan, PartitionId{p});
    }
  }

  void start_task(const TaskPlan& plan, PartitionId partition) {
    const TaskId id{plan.subtopology, partition};
    RunningTask running{
        std::make_unique<Task>(
            plan, id, TaskOptions{options_.application_id, options_.on_bad_record}, topics_),
        {}};
    for (const std::string& changelog : running.task->changelog_topics()) {
      running.task->restore(changelog, topics_.read(changelog, partition, Offset{0}));
    }
    running.task->start();
    for (const TopicRef& topic : plan.source_topics()) {
      const std::string name = topic.resolve(options_.application_id);
      const auto committed = committed_.find({name, partition});
      running.positions[name] = committed == committed_.end() ? Offset{0} : committed->second;
    }
    tasks_.emplace(id, std::move(running));
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
    std::vector<std::vector<RecordView>> records;
    std::vector<InputBatch> batches;
    records.reserve(running.positions.size());
    for (auto& [topic, position] : running.positions) {
      records.push_back(topics_.read(topic, partition, position));
      if (records.back().empty()) continue;
      position = position + static_cast<std::int64_t>(records.back().size());
      batches.push_back({topic, records.back(), position});
    }
    if (batches.empty()) return false;
    if (Status status = running.task->process(batches); !status.ok()) {
      return std::move(status).error();
    }
    return true;
  }

  void write_changelogs() {
    for (auto& [id, running] : tasks_) running.task->write_changelogs();
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
  core_->commit();
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
