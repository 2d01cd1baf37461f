#include "broker/log_cleaning.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/probe.h"
#include "io/thread_priority.h"
#include "wire/error_codes.h"

namespace millrace::broker {

namespace {

storage::WithWriter writer_of(Partition& partition) {
  return [&partition](const auto& work) { return partition.with_writer(work); };
}

constexpr Millis kRestMax{10 * 60'000};

/// Trying again would read it in vain.
bool is_unreadable(const Error& error) {
  return error.code == ErrorCode::kCorrupt || error.code == ErrorCode::kUnsupported ||
         error.code == ErrorCode::kTooLarge || error.code == ErrorCode::kTruncated;
}

/// Deleted, or cut off by retention.
bool is_moved_on(const Error& error) {
  return error.code == ErrorCode::kCancelled ||
         wire::kafka_error_of(error) == wire::KafkaError::kUnknownTopicOrPartition;
}

}  // namespace

CleaningRounds::CleaningRounds(io::Env& env, ClusterMetadata& metadata,
                               storage::DataDirectory& directory)
    : clock_(env.clock()), metadata_(metadata), directory_(directory), env_(env) {}

Millis CleaningRounds::backoff() const {
  return metadata_.settings()->config.cleaner_backoff;
}

storage::LogCleaner& CleaningRounds::cleaner() {
  const std::size_t wanted = metadata_.settings()->config.cleaner_dedupe_bytes_max;
  if (cleaner_ && dedupe_bytes_max_ == wanted) return *cleaner_;
  dedupe_bytes_max_ = wanted;
  return cleaner_.emplace(
      storage::LogCleaner::Options{.dedupe_bytes_max = wanted,
                                   .must_stop = [this] { return is_stopped_.load(); }},
      env_.make_random());
}

bool CleaningRounds::clean_next(Timestamp now) {
  const auto due = dirtiest(now);
  if (!due) return false;
  const auto checkpoint = directory_.cleaner_offset(due->partition->name());
  // Before the first gap: whoever opens the log must not take what compaction left out for lost.
  Status status;
  if (!checkpoint) status = write_clean_up_to(*due, due->partition->log().log_start_offset());
  if (status.ok()) {
    auto cleaned = cleaner().clean(writer_of(*due->partition), checkpoint, now);
    if (is_stopped_ || (cleaned.ok() && !*cleaned)) return false;
    status = cleaned.ok() ? note(*due, **cleaned) : Status{std::move(cleaned).error()};
  }
  if (status.ok()) {
    failed_.erase(name_of(*due));
  } else {
    set_aside(*due, status.error());
  }
  return true;
}

CleaningRounds::Name CleaningRounds::name_of(const Due& due) {
  return {due.topic->id, due.partition->name().partition};
}

std::optional<CleaningRounds::Due> CleaningRounds::dirtiest(Timestamp now) {
  std::optional<Due> best;
  const auto table = metadata_.table();
  std::erase_if(failed_,
                [&](const auto& each) { return table->find(each.first.first) == nullptr; });
  for (const auto& [name, topic] : table->by_name()) {
    for (const auto& partition : topic->partitions) {
      if (is_stopped_) return std::nullopt;
      look_at(topic, *partition, now, best);
    }
  }
  return best;
}

void CleaningRounds::look_at(const std::shared_ptr<const Topic>& topic, Partition& partition,
                             Timestamp now, std::optional<Due>& best) {
  const storage::PartitionLog& log = partition.log();
  if (!log.config()->cleanup_policy_compact || log.segment_count() < 2) return;
  Due due{topic, &partition, {}};
  if (rests(name_of(due)) || !log.check_usable().ok()) return;
  auto plan = storage::LogCleaner::look_at(log, directory_.cleaner_offset(partition.name()), now);
  if (!plan.ok()) return set_aside(due, plan.error());
  if (!plan->is_due) return;
  due.plan = *plan;
  if (!best || best->plan.dirty_ratio() < plan->dirty_ratio()) best = std::move(due);
}

bool CleaningRounds::rests(const Name& name) const {
  const auto found = failed_.find(name);
  if (found == failed_.end()) return false;
  const auto& until = found->second.rests_until;
  return !until || clock_.monotonic() < *until;
}

Status CleaningRounds::note(const Due& due, const storage::Cleaning& cleaning) {
  const TopicPartition& name = due.partition->name();
  PROBE("broker: a log was compacted");
  LOG_INFO("a log was compacted", {{"partition", name},
                                   {"up_to", cleaning.first_dirty},
                                   {"bytes_before", cleaning.bytes_before},
                                   {"bytes_after", cleaning.bytes_after},
                                   {"segments_before", cleaning.segments_before},
                                   {"segments_after", cleaning.segments_after}});
  return write_clean_up_to(due, cleaning.first_dirty);
}

Status CleaningRounds::write_clean_up_to(const Due& due, Offset offset) {
  const TopicPartition& name = due.partition->name();
  // Else it could speak of this log to another one that was made under its name meanwhile.
  return metadata_.while_no_topic_changes([&](const TopicTable& table) -> Status {
    if (table.find_partition(name.topic, name.partition.value()) != due.partition) return {};
    return directory_.write_cleaner_offset(name, offset);
  });
}

void CleaningRounds::set_aside(const Due& due, const Error& error) {
  const TopicPartition& name = due.partition->name();
  Failures& failures = failed_[name_of(due)];
  if (is_unreadable(error)) {
    failures.rests_until.reset();
    LOG_ERROR("a log is not compacted any more, it holds what cannot be read",
              {{"partition", name}, {"reason", error.to_string()}});
    return;
  }
  const int doublings = std::min(failures.count++, 16);
  const Millis rest = std::min(kRestMax, backoff() * (std::int64_t{1} << doublings));
  failures.rests_until = clock_.monotonic() + rest;
  if (is_moved_on(error)) return;
  LOG_WARN("could not compact a log",
           {{"partition", name}, {"reason", error.to_string()}, {"again_in_ms", rest.count()}});
}

LogCleaning::LogCleaning(io::Env& env, ClusterMetadata& metadata, storage::DataDirectory& directory)
    : env_(env), rounds_(env, metadata, directory), loop_(env.make_loop()) {
  loop_->call_after(rounds_.backoff(), [this] { next_round(); });
  thread_ = env.start_thread("log-cleaner", [this] {
    // A pass takes a processor for seconds, and those who serve clients would queue behind it.
    io::give_way();
    loop_->run();
  });
}

LogCleaning::~LogCleaning() {
  rounds_.stop();
  loop_->post([this] { loop_->stop(); });
  thread_->join();
}

void LogCleaning::next_round() {
  const bool was_due = rounds_.clean_next(env_.clock().wall());
  loop_->call_after(was_due ? Millis{0} : rounds_.backoff(), [this] { next_round(); });
}

}  // namespace millrace::broker
