#include "client/consumer.h"

#include "assignors/assignors.h"
#include "base/check.h"
#include "client/consumer/consumer_core.h"

namespace millrace::client {
namespace {

Result<std::vector<std::shared_ptr<Assignor>>> find_assignors(
    const std::vector<std::string>& names) {
  std::vector<std::shared_ptr<Assignor>> found;
  for (const std::string& name : names) {
    auto assignor = assignors::find_client_assignor(name);
    if (!assignor.ok()) return std::move(assignor).error();
    found.push_back(std::move(assignor).value());
  }
  return found;
}

}  // namespace

Consumer::Consumer(std::unique_ptr<Core> core) : core_(std::move(core)) {}

Consumer::~Consumer() = default;
Consumer::Consumer(Consumer&&) noexcept = default;
Consumer& Consumer::operator=(Consumer&&) noexcept = default;

Consumer::Core& Consumer::core() const {
  CHECK(core_ != nullptr, "a Consumer that was moved from was called");
  return *core_;
}

Result<Consumer> Consumer::create(const Properties& properties, ConsumerOptions options,
                                  io::Env* env) {
  auto config = read_consumer_config(properties);
  if (!config.ok()) return std::move(config).error();
  auto assignors = std::move(options.assignors);
  if (!assignors.empty() && config->group_protocol == GroupProtocol::kConsumer) {
    return Error{
        ErrorCode::kInvalidArgument,
        "assignors of ConsumerOptions: wanted none with group.protocol=consumer, where the "
        "brokers deal as group.remote.assignor says"};
  }
  if (assignors.empty()) {
    auto named = find_assignors(config->assignors);
    if (!named.ok()) return std::move(named).error();
    assignors = std::move(named).value();
  }
  auto offered = offer(assignors);
  if (!offered.ok()) return std::move(offered).error();
  return Consumer(std::make_unique<Core>(std::move(config).value(), std::move(offered).value(),
                                         std::move(options.listener), std::move(options.outages),
                                         io::LentEnv(env)));
}

Status Consumer::subscribe(std::vector<std::string> topics) {
  return core().subscribe({.topics = std::move(topics)});
}
Status Consumer::subscribe(SubscriptionPattern pattern) {
  return core().subscribe({.pattern = std::move(pattern)});
}
Status Consumer::assign(PartitionList partitions) {
  return core().assign(partitions);
}
Status Consumer::unsubscribe() {
  return core().unsubscribe();
}
PartitionList Consumer::assignment() const {
  return core().shared().with([](auto& state) { return state.fetch.assignment(); });
}
std::vector<std::string> Consumer::subscription() const {
  return core().subscription();
}

Result<PolledRecords> Consumer::poll(Millis timeout) {
  return core().poll(timeout);
}
void Consumer::wakeup() {
  core().wakeup();
}

Status Consumer::commit_sync() {
  return core().commit_sync(core().positions());
}
Status Consumer::commit_sync(const OffsetsToCommit& offsets) {
  return core().commit_sync(offsets);
}
void Consumer::commit_async(CommitCallback done) {
  core().commit_async(core().positions(), std::move(done));
}
void Consumer::commit_async(const OffsetsToCommit& offsets, CommitCallback done) {
  core().commit_async(offsets, std::move(done));
}
Result<CommittedOffsets> Consumer::committed(const PartitionList& partitions) {
  return core().committed(partitions);
}

Status Consumer::seek(const TopicPartition& partition, Offset offset) {
  return core().seek(partition, offset);
}
Status Consumer::seek_to_beginning(const PartitionList& partitions) {
  return core().seek(partitions, PositionSource::kEarliest);
}
Status Consumer::seek_to_end(const PartitionList& partitions) {
  return core().seek(partitions, PositionSource::kLatest);
}
Result<Offset> Consumer::position(const TopicPartition& partition) {
  return core().position(partition);
}
void Consumer::pause(const PartitionList& partitions) {
  core().pause(partitions);
}
void Consumer::resume(const PartitionList& partitions) {
  core().resume(partitions);
}
PartitionList Consumer::paused() const {
  return core().shared().with([](auto& state) { return state.fetch.paused(); });
}

Result<std::int32_t> Consumer::partition_count(std::string_view topic) {
  return core().partition_count(topic);
}

std::optional<std::int32_t> Consumer::known_partition_count(std::string_view topic) {
  return core().known_partition_count(topic);
}

Result<std::map<TopicPartition, Offset>> Consumer::beginning_offsets(
    const PartitionList& partitions) {
  std::map<TopicPartition, std::int64_t> wanted;
  for (const auto& each : partitions) wanted[each] = OffsetSpec::earliest().timestamp;
  auto listed = core().list(wanted);
  if (!listed.ok()) return std::move(listed).error();
  std::map<TopicPartition, Offset> offsets;
  for (const auto& [partition, found] : *listed) offsets[partition] = found.offset;
  return offsets;
}

Result<std::map<TopicPartition, Offset>> Consumer::end_offsets(const PartitionList& partitions) {
  std::map<TopicPartition, std::int64_t> wanted;
  for (const auto& each : partitions) wanted[each] = OffsetSpec::latest().timestamp;
  auto listed = core().list(wanted);
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
  return core().list(wanted);
}

std::optional<Offset> Consumer::divergent_offset(const TopicPartition& partition) const {
  return core().shared().with([&](auto& state) { return state.fetch.divergence(partition); });
}
std::optional<std::int64_t> Consumer::current_lag(const TopicPartition& partition) const {
  return core().shared().with([&](auto& state) { return state.fetch.lag(partition); });
}

ConsumerGroupMetadata Consumer::group_metadata() const {
  return core().shared().with([](auto& state) { return state.membership; });
}
ConsumerMetrics Consumer::metrics() const {
  return core().shared().with([](auto& state) { return state.metrics; });
}

Status Consumer::close(Millis timeout) {
  return core().close(timeout);
}

}  // namespace millrace::client
