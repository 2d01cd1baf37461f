#include "streams/runtime/task.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/fence.h"

namespace millrace::streams {
namespace {

constexpr std::string_view kApplication = "a function of the application";

}  // namespace

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

Result<std::unique_ptr<Task>> Task::create(const TaskPlan& plan, TaskId id,
                                           const TaskOptions& options, RecordCollector& collector) {
  std::unique_ptr<Task> task(new Task(id, options, collector, plan.source_topics().size()));
  Status made = fenced(kApplication, [&]() -> Status {
    Status stores = task->make_stores(plan, options);
    if (stores.ok()) task->make_nodes(plan, options);
    return stores;
  });
  if (!made.ok()) return std::move(made).error();
  return task;
}

Status Task::make_stores(const TaskPlan& plan, const TaskOptions& options) {
  for (const StorePlan& store_plan : plan.stores) {
    auto store = store_plan.make({options.application_id, id()});
    if (!store.ok()) return std::move(store).error().with_context("store " + store_plan.name);
    ChangelogStore changelog{.store = store->get(), .topic = {}};
    if (store_plan.changelog == Changelog::kOn) {
      changelog.topic = changelog_topic(options.application_id, store_plan.name);
      changelog.output = context_.collector().topic(changelog.topic);
    }
    changelogs_.push_back(std::move(changelog));
    context_.add_store(std::move(*store));
  }
  return {};
}

void Task::make_nodes(const TaskPlan& plan, const TaskOptions& options) {
  for (const NodePlan& node : plan.nodes) {
    nodes_.push_back(node.make());
    node_names_.push_back({node.name, node.topic.resolve(options.application_id), node.stores});
    if (node.kind == NodeKind::kSource) {
      auto* const source_node = dynamic_cast<SourceNode*>(nodes_.back().get());
      CHECK(source_node != nullptr, "{} is planned as a source but is none", node.name);
      sources_.push_back({node_names_.back().topic, source_node, std::nullopt});
    }
  }
  // From the end, so that a node knows what its children want before its parents ask it.
  for (std::size_t i = plan.nodes.size(); i-- > 0;) {
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
    if (changelog.topic.empty()) continue;
    positions.push_back({changelog.topic, std::max(changelog.store->checkpoint(), Offset{0})});
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

Status Task::restore(std::string_view changelog_topic, std::span<const RecordView> records,
                     Offset next) {
  Status restored = changelog(changelog_topic).store->restore(records, next);
  if (!restored.ok()) return std::move(restored).error().with_context(changelog_topic);
  context_.metrics().records_restored += records.size();
  return {};
}

Status Task::start() {
  Status ran = fenced(kApplication, [&] {
    for (std::size_t i = 0; i < nodes_.size(); ++i) nodes_[i]->init(context_, node_names_[i]);
  });
  if (!ran.ok()) context_.fail(std::move(ran).error());
  if (context_.failed()) return Error(*context_.failure());
  is_started_ = true;
  return {};
}

void Task::add(InputBatch batch) {
  CHECK(is_started_, "task {} has not got its state yet", id().to_string());
  inputs_.push(source_of(batch.topic), std::move(batch));
}

Status Task::process(MonotonicTime now) {
  CHECK(!context_.failed(), "task {} has failed and must not go on", id().to_string());
  if (Status ran = fenced(kApplication, [&] { process_all(now); }); !ran.ok()) {
    context_.fail(std::move(ran).error());
  }
  context_.left_records();
  if (context_.failed()) return Error(*context_.failure());
  return {};
}

void Task::process_all(MonotonicTime now) {
  while (const auto run = inputs_.next(now)) {
    sources_[run->source].node->process(run->records);
    if (context_.failed()) return;
    context_.metrics().records_processed += run->records.size();
    inputs_.done(*run);
  }
}

std::size_t Task::source_of(std::string_view topic) const {
  const auto found = std::find_if(sources_.begin(), sources_.end(),
                                  [&](const Source& source) { return source.topic == topic; });
  CHECK(found != sources_.end(), "task {} does not read {}", id().to_string(), topic);
  return static_cast<std::size_t>(found - sources_.begin());
}

std::size_t Task::unfinished_records(std::string_view topic) const {
  return inputs_.record_count(source_of(topic));
}

Status Task::write_changelogs() {
  for (const ChangelogStore& changelog : changelogs_) {
    ChangelogSink sink(*this, changelog);
    Status written = changelog.store->write_changes(sink);
    if (!written.ok()) return std::move(written).error().with_context(changelog.store->name());
  }
  return {};
}

std::map<std::string, Offset> Task::committable_offsets() const {
  std::map<std::string, Offset> offsets;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const auto position = inputs_.position(i);
    if (position && position != sources_[i].committed) offsets[sources_[i].topic] = *position;
  }
  return offsets;
}

bool Task::needs_commit() const {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const auto position = inputs_.position(i);
    if (position && position != sources_[i].committed) return true;
  }
  return false;
}

Status Task::commit_done() {
  for (std::size_t i = 0; i < sources_.size(); ++i) sources_[i].committed = inputs_.position(i);
  for (const ChangelogStore& changelog : changelogs_) {
    Offset checkpoint = kNoOffset;
    if (!changelog.topic.empty()) {
      const Offset own = context_.collector().acknowledged_end(changelog.output, id().partition);
      checkpoint = std::max(own, changelog.store->checkpoint());
    }
    Status committed = changelog.store->commit(checkpoint);
    if (!committed.ok()) return std::move(committed).error().with_context(changelog.store->name());
  }
  ++context_.metrics().commits;
  return {};
}

Status Task::lay_aside() {
  inputs_.clear();
  for (Source& source : sources_) source.committed.reset();
  is_started_ = false;
  for (const ChangelogStore& changelog : changelogs_) {
    Status aborted = changelog.store->abort();
    if (!aborted.ok()) return std::move(aborted).error().with_context(changelog.store->name());
  }
  return {};
}

bool Task::has_restorable_state() const {
  if (context_.failed() || changelogs_.empty()) return false;
  return std::all_of(changelogs_.begin(), changelogs_.end(), [](const ChangelogStore& changelog) {
    const bool is_known = changelog.store->checkpoint() != kNoOffset;
    return !changelog.topic.empty() && (is_known || changelog.store->entry_count() == 0);
  });
}

const StateStore* Task::store(std::string_view name) const {
  const auto found = context_.stores().find(name);
  return found == context_.stores().end() ? nullptr : found->second.get();
}

}  // namespace millrace::streams
