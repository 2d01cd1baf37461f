#include "client/consumer.h"

#include "client/consumer/consumer_core.h"
#include "client/group/assignors.h"

namespace millrace::client {
namespace {

Result<std::vector<std::shared_ptr<Assignor>>> find_assignors(
    const std::vector<std::string>& names) {
  std::vector<std::shared_ptr<Assignor>> found;
  for (const std::string& name : names) {
    auto assignor = find_assignor(name);
    if (!assignor.ok()) return std::move(assignor).error();
    found.push_back(std::move(assignor).value());
  }
  return found;
}

}  // namespace

Consumer::Consumer(std::unique_ptr<Core> core) : core_(std::move(core)) {}

Consumer::~Consumer() {
  (void)core_->close(Millis{0});
}

Result<std::unique_ptr<Consumer>> Consumer::create(const Properties& properties, io::Env& env,
                                                   ConsumerOptions options) {
  auto config = read_consumer_config(properties);
  if (!config.ok()) return std::move(config).error();
  auto assignors = std::move(options.assignors);
  if (assignors.empty()) {
    auto named = find_assignors(config->assignors);
    if (!named.ok()) return std::move(named).error();
    assignors = std::move(named).value();
  }
  return std::make_unique<Consumer>(std::make_unique<Core>(
      std::move(config).value(), std::move(assignors), std::move(options.listener), env));
}

Status Consumer::subscribe(std::vector<std::string> topics) {
  return core_->subscribe(std::move(topics));
}
Status Consumer::assign(PartitionList partitions) {
  return core_->assign(partitions);
}
Status Consumer::unsubscribe() {
  return core_->unsubscribe();
}
PartitionList Consumer::assignment() const {
  return core_->shared().with([](auto& state) { return state.fetch.assignment(); });
}
std::vector<std::string> Consumer::subscription() const {
  return core_->subscription();
}

Result<PolledRecords> Consumer::poll(Millis timeout) {
  return core_->poll(timeout);
}
void Consumer::wakeup() {
  core_->wakeup();
}

Status Consumer::commit_sync() {
  return core_->commit_sync(core_->positions());
}
Status Consumer::commit_sync(const OffsetsToCommit& offsets) {
  return core_->commit_sync(offsets);
}
void Consumer::commit_async(CommitCallback done) {
  core_->commit_async(core_->positions(), std::move(done));
}
void Consumer::commit_async(const OffsetsToCommit& offsets, CommitCallback done) {
  core_->commit_async(offsets, std::move(done));
}
Result<OffsetsToCommit> Consumer::committed(const PartitionList& partitions) {
  return core_->committed(partitions);
}

Status Consumer::seek(const TopicPartition& partition, Offset offset) {
  return core_->seek(partition, offset);
}
Status Consumer::seek_to_beginning(const PartitionList& partitions) {
  return core_->seek(partitions, PositionSource::kEarliest);
}
Status Consumer::seek_to_end(const PartitionList& partitions) {
  return core_->seek(partitions, PositionSource::kLatest);
}
Result<Offset> Consumer::position(const TopicPartition& partition) {
  return core_->position(partition);
}
void Consumer::pause(const PartitionList& partitions) {
  core_->pause(partitions, true);
}
void Consumer::resume(const PartitionList& partitions) {
  core_->pause(partitions, false);
}
PartitionList Consumer::paused() const {
  return core_->shared().with([](auto& state) { return state.fetch.paused(); });
}

Result<std::int32_t> Consumer::partition_count(std::string_view topic) {
  return core_->partition_count(topic);
}

Result<std::map<TopicPartition, Offset>> Consumer::beginning_offsets(
    const PartitionList& partitions) {
  std::map<TopicPartition, std::int64_t> wanted;
  for (const auto& each : partitions) wanted[each] = OffsetSpec::earliest().timestamp;
  auto listed = core_->list(wanted);
  if (!listed.ok()) return std::move(listed).error();
  std::map<TopicPartition, Offset> offsets;
  for (const auto& [partition, found] : *listed) offsets[partition] = found.offset;
  return offsets;
}

Result<std::map<TopicPartition, Offset>> Consumer::end_offsets(const PartitionList& partitions) {
  std::map<TopicPartition, std::int64_t> wanted;
  for (const auto& each : partitions) wanted[each] = OffsetSpec::latest().timestamp;
  auto listed = core_->list(wanted);
  if (!listed.ok()) return std::move(listed).error();
  std::map<TopicPartition, Offset> offsets;
  for (const auto& [partition, found] : *listed) offsets[partition] = found.offset;
  return offsets;
}

Result<std::map<TopicPartition, OffsetAndTimestamp>> Consumer::offsets_for_times(
    const std::map<TopicPartition, Timestamp>& times) {
  std::map<TopicPartition, std::int64_t> wanted;
  for (const auto& [partition, time] : times) {
    if (time.value() < 0) {
      return Error{
          ErrorCode::kInvalidArgument,
          fmt::format("offsets_for_times of {}: wanted a time from 0, found {}", partition, time)};
    }
    wanted[partition] = time.value();
  }
  return core_->list(wanted);
}

std::optional<std::int64_t> Consumer::current_lag(const TopicPartition& partition) const {
  return core_->shared().with([&](auto& state) { return state.fetch.lag(partition); });
}

GroupMembership Consumer::group_membership() const {
  return core_->shared().with([](auto& state) { return state.membership; });
}
ConsumerMetrics Consumer::metrics() const {
  return core_->shared().with([](auto& state) { return state.metrics; });
}

Status Consumer::close(Millis timeout) {
  return core_->close(timeout);
}

}  // namespace millrace::client
