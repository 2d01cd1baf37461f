#include "tests/simulation/consumer_actor.h"

#include <fmt/format.h>

#include <utility>

#include "tests/simulation/group_properties.h"

namespace millrace::simulation {
namespace {

constexpr Millis kPollTime{200};
constexpr Millis kPauseAfterError{500};
constexpr double kSlowShare = 0.25;             // of the times that partitions are given up
constexpr std::uint64_t kSlownessMax = 19'000;  // ms

}  // namespace

ConsumerActor::ConsumerActor(RunState& run, std::string name) : run_(run), name_(std::move(name)) {
  thread_ = run.world.host(name_).start_thread("app", [this] { live(); });
}

void ConsumerActor::crash() {
  is_ghost_ = true;
  run_.history.did(name_ + " dies");
  run_.world.crash(name_, sim::SimNetwork::Kernel::kLivesOn);
}

void ConsumerActor::live() {
  io::Env& env = run_.world.host(name_);
  while (may_go_on()) {
    client::ConsumerOptions options;
    options.listener = listener();
    auto consumer = client::Consumer::create(
        group_properties(run_, kGroup, run_.scenario.group_protocol), std::move(options), &env);
    if (!consumer.ok()) return run_.history.violated(consumer.error().to_string());
    consumer_ = &*consumer;
    if (const Status status = consumer->subscribe({kInputTopic}); !status.ok()) {
      run_.history.violated(status.error().to_string());
    }
    consume(*consumer);
    (void)consumer->close(is_ghost_ ? Millis{0} : Millis{10'000});
    consumer_ = nullptr;
  }
}

// Until the run wants no more, or an error says that this consumer is of no use any more.
void ConsumerActor::consume(client::Consumer& consumer) {
  while (may_go_on()) {
    if (stall_ > Millis{0}) run_.sleep(std::exchange(stall_, Millis{0}));
    auto polled = consumer.poll(kPollTime);
    if (is_ghost_) return;
    if (!polled.ok()) {
      run_.history.saw(fmt::format("{} cannot poll: {}", name_, polled.error().to_string()));
      run_.sleep(kPauseAfterError);
      // What the brokers answer is tried again before poll() tells of it.
      if (!polled.error().is_retriable()) return;
      continue;
    }
    process(consumer, *polled);
    if (run_.random().chance(0.3)) commit(consumer);
  }
  if (!is_ghost_ && !run_.has_failed()) commit(consumer);
}

void ConsumerActor::process(client::Consumer&, const client::PolledRecords& polled) {
  for (const client::PartitionRecords& part : polled) {
    if (part.records.empty()) continue;
    const bool begins = fresh_.erase(part.partition) > 0;
    const std::span<const RecordView> records =
        skips_first(begins) ? part.records.subspan(1) : part.records;
    if (begins && !records.empty()) {
      run_.report(run_.group.began(name_, part.partition, records.front().offset));
    }
    for (const RecordView& record : records) {
      if (run_.may_read_what_is_lost()) break;
      run_.report(run_.ledger.check_read(part.partition, record.offset, value_of(record)));
      const auto previous = processed_.find(part.partition);
      if (previous != processed_.end() && record.offset != previous->second) {
        run_.history.violated(fmt::format("{} was given offset {} of {} after {}", name_,
                                          record.offset, part.partition, previous->second + -1));
      }
      processed_[part.partition] = record.offset + 1;
    }
    processed_[part.partition] = part.next_offset;
    run_.group.processed(part.partition, part.next_offset);
  }
}

bool ConsumerActor::skips_first(bool begins) const {
  return run_.is_sabotaged_by(begins ? Sabotage::kConsumersBeginLate : Sabotage::kConsumersSkip);
}

std::string_view ConsumerActor::value_of(const RecordView& record) const {
  return run_.is_sabotaged_by(Sabotage::kConsumersMisread) ? "" : record.value.value_or("");
}

void ConsumerActor::commit(client::Consumer& consumer) {
  if (run_.is_sabotaged_by(Sabotage::kConsumersNeverCommit)) return;
  const std::int64_t ahead = run_.is_sabotaged_by(Sabotage::kConsumersCommitAhead) ? 1 : 0;
  client::OffsetsToCommit offsets;
  for (const auto& [partition, next] : processed_) offsets[partition] = {.offset = next + ahead};
  if (offsets.empty()) return;
  const std::int32_t generation = consumer.group_metadata().generation;
  std::map<TopicPartition, bool> was_replaced;
  for (const auto& [partition, next] : offsets) {
    was_replaced[partition] = run_.group.is_replaced(name_, generation, partition);
  }
  const Status status = consumer.commit_sync(offsets);
  if (is_ghost_) return;
  if (!status.ok()) {
    run_.history.saw(fmt::format("{} cannot commit: {}", name_, status.error().to_string()));
    return;
  }
  for (const auto& [partition, offset] : offsets) {
    run_.report(run_.group.committed(name_, partition, offset.offset, was_replaced[partition]));
  }
}

void ConsumerActor::give_up_slowly() {
  const bool may_stall = run_.scenario.stalls_consumers && !run_.stops_producing && !is_ghost_;
  if (!may_stall || !run_.random().chance(kSlowShare)) return;
  const Millis duration{static_cast<std::int64_t>(run_.random().below(kSlownessMax))};
  run_.history.did(fmt::format("{} takes {} ms to give partitions up", name_, duration.count()));
  run_.sleep(duration);
}

client::RebalanceListener ConsumerActor::listener() {
  const auto forget = [this](std::span<const TopicPartition> partitions) {
    for (const TopicPartition& partition : partitions) {
      fresh_.erase(partition);
      processed_.erase(partition);
    }
  };
  client::RebalanceListener listener;
  listener.on_assigned = [this](std::span<const TopicPartition> partitions) {
    if (is_ghost_ || consumer_ == nullptr) return;
    const bool mistakes_it = run_.is_sabotaged_by(Sabotage::kConsumersMistakeGenerations);
    const std::int32_t generation = mistakes_it ? 1 : consumer_->group_metadata().generation;
    for (const TopicPartition& partition : partitions) {
      fresh_.insert(partition);
      processed_.erase(partition);
      run_.history.did(fmt::format("{} owns {} in generation {}", name_, partition, generation));
      run_.report(run_.group.assigned(name_, generation, partition));
    }
  };
  listener.on_revoked = [this, forget](std::span<const TopicPartition> partitions) {
    give_up_slowly();
    if (consumer_ != nullptr && !is_ghost_ && !run_.has_failed()) commit(*consumer_);
    forget(partitions);
  };
  listener.on_lost = forget;
  return listener;
}

}  // namespace millrace::simulation
