#include "streams/runtime/stream_thread.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "base/log.h"

namespace millrace::streams {
namespace {

/// The longest time away from the group for the sake of a restore.
constexpr Millis kRestoreSlice{100};
/// How long the brokers are waited for within one slice.
constexpr const char* kRestoreTimeoutMs = "5000";
/// How long they are waited for by a thread that has other things to do than to tidy up.
constexpr const char* kPurgeTimeoutMs = "5000";

std::set<std::string> repartition_topics(const Topology& topology, std::string_view application) {
  std::set<std::string> names;
  for (const RepartitionTopic& topic : topology.repartition_topics()) {
    names.insert(TopicRef{topic.name, TopicRef::Kind::kInternal}.resolve(application));
  }
  return names;
}

/// A task whose sub-topology reads several topics needs the same partition of each: the range
/// assignor deals them so, as long as all members read the same topics.
std::string assignor_for(const Topology& topology) {
  const bool reads_several =
      std::any_of(topology.plans().begin(), topology.plans().end(),
                  [](const TaskPlan& plan) { return plan.source_topics().size() > 1; });
  return reads_several ? "range" : "cooperative-sticky";
}

}  // namespace

Result<std::unique_ptr<StreamThread>> StreamThread::create(const Topology& topology,
                                                           const StreamsConfig& config,
                                                           std::int32_t number, io::Env& env,
                                                           std::function<void()> on_change) {
  std::unique_ptr<StreamThread> made(
      new StreamThread(topology, config, number, env, std::move(on_change)));
  if (Status status = made->make_clients(number); !status.ok()) return std::move(status).error();
  return made;
}

StreamThread::StreamThread(const Topology& topology, const StreamsConfig& config,
                           std::int32_t number, io::Env& env, std::function<void()> on_change)
    : topology_(topology),
      config_(config),
      env_(env),
      on_change_(std::move(on_change)),
      name_(fmt::format("{}-StreamThread-{}", config.application_id, number)) {}

StreamThread::~StreamThread() {
  request_stop();
  join();
}

Status StreamThread::make_clients(std::int32_t number) {
  client::Properties producing = config_.producer;
  producing.set("client.id", name_ + "-producer");
  auto producer = client::Producer::create(
      producing,
      {.on_delivery = [this](const client::DeliveryReport& report) { ends_.note(report); }}, &env_);
  if (!producer.ok()) return std::move(producer).error();
  producer_ = std::move(*producer);

  client::Properties restoring = config_.consumer;
  restoring.set("client.id", name_ + "-restore-consumer");
  restoring.set("enable.auto.commit", "false");
  restoring.set("auto.offset.reset", "earliest");
  if (!restoring.contains("default.api.timeout.ms")) {
    restoring.set("default.api.timeout.ms", kRestoreTimeoutMs);
  }
  client::Properties consuming = config_.consumer;
  consuming.set("client.id", name_ + "-consumer");
  consuming.set("group.id", config_.application_id);
  consuming.set("enable.auto.commit", "false");
  if (!consuming.contains("partition.assignment.strategy")) {
    consuming.set("partition.assignment.strategy", assignor_for(topology_));
  }
  if (const std::string* const instance = consuming.find("group.instance.id")) {
    consuming.set("group.instance.id", fmt::format("{}-{}", *instance, number));
  }
  client::ConsumerOptions options;
  options.listener.on_assigned = [this](auto partitions) { on_assigned(partitions); };
  options.listener.on_revoked = [this](auto partitions) { on_revoked(partitions); };
  options.listener.on_lost = [this](auto partitions) { on_lost(partitions); };
  auto consumer = client::Consumer::create(consuming, std::move(options), &env_);
  if (!consumer.ok()) return std::move(consumer).error();
  consumer_ = std::move(*consumer);

  collector_.emplace(*producer_, ends_);
  tasks_.emplace(topology_,
                 TaskOptions{config_.application_id, config_.on_bad_record, config_.task_idle_max},
                 *collector_);
  committer_.emplace(*consumer_, *collector_);
  restorer_.emplace(std::move(restoring), env_);
  purge_.emplace(repartition_topics(topology_, config_.application_id), config_.purge_interval);
  return {};
}

void StreamThread::start() {
  thread_ = env_.start_thread("stream-thread", [this] { run(); });
}

void StreamThread::request_stop() {
  stop_requested_.store(true);
  if (consumer_) consumer_->wakeup();
}

void StreamThread::request_commit() {
  commit_requested_.store(true);
  consumer_->wakeup();
}

void StreamThread::join() {
  if (thread_ != nullptr) thread_->join();
}

ThreadStatus StreamThread::status() const {
  return status_.with([](const ThreadStatus& status) { return status; });
}

void StreamThread::run() {
  publish(ThreadState::kJoining);
  Status ended = loop();
  if (!ended.ok() && !failure_) failure_ = std::move(ended).error();
  shut_down();
  if (failure_)
    LOG_ERROR("stream thread failed", {{"thread", name_}, {"reason", failure_->message}});
  publish(failure_ ? ThreadState::kFailed : ThreadState::kStopped);
}

Status StreamThread::loop() {
  if (Status status = consumer_->subscribe(tasks_->source_topics()); !status.ok()) return status;
  committed_at_ = env_.clock().monotonic();
  while (!stop_requested_.load()) {
    if (Status status = run_once(); !status.ok()) return status;
  }
  return {};
}

/// One round. What a poll gives is processed before the next, but for what waits for another source
/// of its task (max.task.idle.ms): the task keeps that, with its bytes, and it does not count for
/// what is committed. So the offsets to commit and the state agree whenever a rebalance callback
/// runs.
Status StreamThread::run_once() {
  auto polled = consumer_->poll(restorer_->is_idle() ? config_.poll_time : Millis{0});
  if (failure_) return Error(*failure_);
  if (stop_requested_.load()) return {};  // what was polled is read again by whoever comes next
  if (polled.ok()) {
    Status status = tasks_->process(std::move(*polled), env_.clock().monotonic());
    if (!status.ok()) return status;
    hold_back();
    if (collector_->failure()) return Error(*collector_->failure());
  } else if (polled.error().code != ErrorCode::kCancelled) {  // which only says: look around
    return std::move(polled).error();
  }

  const bool is_asked = commit_requested_.exchange(false);
  if (is_asked || env_.clock().monotonic() - committed_at_ >= config_.commit_interval) {
    if (Status status = commit(); !status.ok()) return status;
    delete_records(purge_->take_due(committed_at_));
  }
  if (!restorer_->is_idle()) {
    if (Status status = restore_a_slice(); !status.ok()) return status;
  }
  const bool is_running = restorer_->is_idle() && consumer_->group_metadata().generation >= 0;
  publish(is_running ? ThreadState::kRunning : ThreadState::kJoining);
  return {};
}

/// Partitions of which enough waits for another source are not read on until it has gone.
void StreamThread::hold_back() {
  if (config_.task_idle_max.count() == 0) return;
  std::vector<TopicPartition> full =
      tasks_->partitions_with_unfinished(config_.buffered_records_max);
  std::vector<TopicPartition> gone;
  std::set_difference(held_back_.begin(), held_back_.end(), full.begin(), full.end(),
                      std::back_inserter(gone));
  consumer_->pause(full);
  consumer_->resume(gone);
  held_back_ = std::move(full);
}

Status StreamThread::restore_a_slice() {
  auto slice = restorer_->run(kRestoreSlice);
  if (!slice.ok()) return std::move(slice).error();
  for (const TaskId id : slice->finished) {
    if (Status started = tasks_->find(id)->start(); !started.ok()) return started;
    consumer_->resume(tasks_->partitions_of(id));
  }
  for (const TaskId id : slice->outdated) {
    LOG_WARN("a changelog no longer holds what was restored: begins again",
             {{"thread", name_}, {"task", id.to_string()}});
    auto anew = tasks_->make_anew(id);
    if (!anew.ok()) return std::move(anew).error();
    restorer_->add(**anew);
  }
  return {};
}

Status StreamThread::commit() {
  committed_at_ = env_.clock().monotonic();
  // Before others can see by the committed offsets that it was done.
  status_.with([&](ThreadStatus& status) { status.metrics = tasks_->metrics(); });
  const auto committed = committer_->commit(*tasks_);
  if (committed.ok()) {
    for (const auto& [partition, offset] : *committed) {
      purge_->on_committed(partition, offset.offset);
    }
    return {};
  }
  if (!is_rebalance_error(committed.error())) return committed.error();
  // The tasks keep what they have; the next commit, or on_lost, settles it.
  LOG_INFO("commit put off by a rebalance", {{"thread", name_}});
  return {};
}

/// Not vital: what could not be deleted is covered by the next time. It may take seconds, so it has
/// no place in a rebalance, which others wait for.
void StreamThread::delete_records(const std::map<TopicPartition, Offset>& before) {
  if (before.empty()) return;
  std::optional<Error> failure;
  if (!admin_) {
    client::Properties properties = config_.admin;
    properties.set("client.id", name_ + "-admin");
    if (!properties.contains("default.api.timeout.ms")) {
      properties.set("default.api.timeout.ms", kPurgeTimeoutMs);
    }
    auto admin = client::Admin::create(properties, &env_);
    if (admin.ok()) {
      admin_.emplace(std::move(*admin));
    } else {
      failure = admin.error();
    }
  }
  if (admin_) {
    const auto deleted = admin_->delete_records(before);
    if (!deleted.ok()) {
      failure = deleted.error();
    } else {
      for (const auto& [partition, outcome] : *deleted) {
        if (!outcome.ok()) failure = outcome.error();
      }
    }
  }
  if (!failure) return;
  LOG_INFO("repartition topics keep what was read, for now",
           {{"thread", name_}, {"reason", failure->message}});
}

void StreamThread::shut_down() {
  if (!failure_) {
    if (Status committed = commit(); !committed.ok()) failure_ = std::move(committed).error();
  }
  if (!failure_) delete_records(purge_->take_all());
  if (failure_) {
    // Nothing may be committed any more: the work since the last commit is repeated elsewhere.
    (void)producer_->close(Millis{0});
  }
  if (Status closed = consumer_->close(); !closed.ok()) {
    LOG_WARN("consumer did not close cleanly",
             {{"thread", name_}, {"reason", closed.error().message}});
  }
  if (!failure_) (void)producer_->close();
}

void StreamThread::publish(ThreadState state) {
  const bool has_changed = status_.with([&](ThreadStatus& status) {
    const bool is_other = status.state != state;
    status = {state, tasks_->metrics(), tasks_->size(), rebalances_, failure_};
    return is_other;
  });
  if (has_changed) on_change_();
}

void StreamThread::on_assigned(std::span<const TopicPartition> partitions) {
  ++rebalances_;
  if (failure_) return;
  publish(ThreadState::kJoining);
  auto made = tasks_->assign(partitions);
  if (!made.ok()) {
    failure_ = std::move(made).error();
    return;
  }
  for (Task* const task : *made) {
    if (!task->changelog_topics().empty()) {
      restorer_->add(*task);
    } else if (Status started = task->start(); !started.ok()) {
      failure_ = std::move(started).error();
      return;
    }
  }
  // Also of tasks that were here already and have got another topic.
  for (const Task* const task : tasks_->all()) {
    if (!task->is_started()) consumer_->pause(tasks_->partitions_of(task->id()));
  }
}

void StreamThread::on_revoked(std::span<const TopicPartition> partitions) {
  if (!failure_) {
    if (Status committed = commit(); !committed.ok()) failure_ = std::move(committed).error();
  }
  take_away(partitions);
}

void StreamThread::on_lost(std::span<const TopicPartition> partitions) {
  LOG_WARN("partitions were lost to another member",
           {{"thread", name_}, {"partitions", partitions.size()}});
  take_away(partitions);
}

void StreamThread::take_away(std::span<const TopicPartition> partitions) {
  for (const TaskId id : tasks_->revoke(partitions)) restorer_->remove(id);
  // Not ours to resume: whoever gives them back pauses them until their task has its state.
  std::erase_if(held_back_, [&](const TopicPartition& each) {
    return std::find(partitions.begin(), partitions.end(), each) != partitions.end();
  });
}

}  // namespace millrace::streams
