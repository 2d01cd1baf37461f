#include "streams/runtime/task.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/check.h"
#include "base/fence.h"

namespace millrace::streams {

/// Sends a store's changes to its changelog; without a topic they are dropped.
class Task::ChangelogSink final : public ChangelogWriter {
 public:
  ChangelogSink(Task& task, const ChangelogStore& store) : task_(task), store_(store) {}

  void write(std::string_view key, std::optional<std::string_view> value,
             Timestamp timestamp) override {
    if (store_.topic.empty()) return;
    task_.context_.collector().send(
        store_.output,
        {.key = key, .value = value, .timestamp = timestamp, .partition = task_.id().partition});
    ++task_.context_.metrics().changelog_records_sent;
  }

 private:
  Task& task_;
  const ChangelogStore& store_;
};

Task::Task(const TaskPlan& plan, TaskId id, const TaskOptions& options, RecordCollector& collector)
    : context_(id, collector, options.on_bad_record) {
  for (const StorePlan& store_plan : plan.stores) {
    auto store = store_plan.make();
    ChangelogStore changelog{.store = store.get(), .topic = {}};
    if (store_plan.changelog == Changelog::kOn) {
      changelog.topic = changelog_topic(options.application_id, store_plan.name);
      changelog.output = collector.topic(changelog.topic);
    }
    changelogs_.push_back(std::move(changelog));
    context_.add_store(std::move(store));
  }
  make_nodes(plan, options);
}

void Task::make_nodes(const TaskPlan& plan, const TaskOptions& options) {
  for (const NodePlan& node : plan.nodes) {
    nodes_.push_back(node.make());
    node_names_.push_back({node.name, node.topic.resolve(options.application_id), node.store});
    if (node.kind == NodeKind::kSource) {
      auto* const source_node = dynamic_cast<SourceNode*>(nodes_.back().get());
      CHECK(source_node != nullptr, "{} is planned as a source but is none", node.name);
      sources_.emplace(node_names_.back().topic, source_node);
    }
  }
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    for (const NodeId child : plan.nodes[i].children) nodes_[i]->connect(*nodes_[child]);
  }
}

std::vector<std::string> Task::changelog_topics() const {
  std::vector<std::string> topics;
  for (const ChangelogStore& changelog : changelogs_) {
    if (!changelog.topic.empty()) topics.push_back(changelog.topic);
  }
  return topics;
}

std::vector<ChangelogPosition> Task::changelog_positions() const {
  std::vector<ChangelogPosition> positions;
  for (const ChangelogStore& changelog : changelogs_) {
    if (!changelog.topic.empty()) positions.push_back({changelog.topic, changelog.restored_up_to});
  }
  return positions;
}

Task::ChangelogStore& Task::changelog(std::string_view topic) {
  const auto found =
      std::find_if(changelogs_.begin(), changelogs_.end(),
                   [&](const ChangelogStore& changelog) { return changelog.topic == topic; });
  CHECK(found != changelogs_.end(), "task {} has no changelog {}", id().to_string(), topic);
  return *found;
}

void Task::restore(std::string_view changelog_topic, std::span<const RecordView> records) {
  StateStore& store = *changelog(changelog_topic).store;
  for (const RecordView& record : records) {
    if (record.key) store.restore(*record.key, record.value, record.timestamp);
  }
  context_.metrics().records_restored += records.size();
}

void Task::restored_up_to(std::string_view changelog_topic, Offset next) {
  changelog(changelog_topic).restored_up_to = next;
}

void Task::start() {
  for (const ChangelogStore& changelog : changelogs_) changelog.store->restored();
  for (std::size_t i = 0; i < nodes_.size(); ++i) nodes_[i]->init(context_, node_names_[i]);
  is_started_ = true;
}

Status Task::process(std::span<const InputBatch> batches) {
  CHECK(is_started_, "task {} has not got its state yet", id().to_string());
  CHECK(!context_.failed(), "task {} has failed and must not go on", id().to_string());
  if (Status ran = fenced("a function of the application", [&] { process_all(batches); });
      !ran.ok()) {
    context_.fail(std::move(ran).error());
  }
  context_.left_records();
  if (context_.failed()) return Error(*context_.failure());

  for (const InputBatch& batch : batches) {
    context_.metrics().records_processed += batch.records.size();
    const auto known = uncommitted_.find(batch.topic);
    if (known != uncommitted_.end()) {
      known->second = batch.next_offset;
    } else {
      uncommitted_.emplace(batch.topic, batch.next_offset);
    }
  }
  return {};
}

void Task::process_all(std::span<const InputBatch> batches) {
  if (batches.size() == 1) return source(batches[0].topic).process(batches[0].records);
  process_merged(batches);
}

/// Runs of records: always from the batch whose head is the oldest, for as long as it stays so.
void Task::process_merged(std::span<const InputBatch> batches) {
  struct Input {
    SourceNode* source;
    std::span<const RecordView> left;
  };
  std::vector<Input> inputs;
  for (const InputBatch& batch : batches) {
    if (!batch.records.empty()) inputs.push_back({&source(batch.topic), batch.records});
  }
  while (!inputs.empty() && !context_.failed()) {
    std::size_t first = 0;
    Timestamp others_oldest{INT64_MAX};
    for (std::size_t i = 1; i < inputs.size(); ++i) {
      if (inputs[i].left.front().timestamp < inputs[first].left.front().timestamp) first = i;
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (i != first) others_oldest = std::min(others_oldest, inputs[i].left.front().timestamp);
    }
    std::size_t run = 1;
    auto& left = inputs[first].left;
    while (run < left.size() && left[run].timestamp <= others_oldest) ++run;
    inputs[first].source->process(left.first(run));
    left = left.subspan(run);
    if (left.empty()) inputs.erase(inputs.begin() + static_cast<std::ptrdiff_t>(first));
  }
}

SourceNode& Task::source(std::string_view topic) {
  const auto found = sources_.find(topic);
  CHECK(found != sources_.end(), "task {} does not read {}", id().to_string(), topic);
  return *found->second;
}

void Task::write_changelogs() {
  for (const ChangelogStore& changelog : changelogs_) {
    ChangelogSink sink(*this, changelog);
    changelog.store->write_changes(sink);
  }
}

void Task::commit_done() {
  uncommitted_.clear();
  ++context_.metrics().commits;
}

const StateStore* Task::store(std::string_view name) const {
  const auto found = context_.stores().find(name);
  return found == context_.stores().end() ? nullptr : found->second.get();
}

}  // namespace millrace::streams
