#include "broker/log_cleaning.h"

#include <utility>

#include "base/log.h"
#include "wire/error_codes.h"

namespace millrace::broker {

namespace {

storage::WithWriter writer_of(Partition& partition) {
  return [&partition](const auto& work) { return partition.with_writer(work); };
}

bool is_unreadable(const Error& error) {
  return error.code == ErrorCode::kCorrupt || error.code == ErrorCode::kUnsupported ||
         error.code == ErrorCode::kTooLarge || error.code == ErrorCode::kTruncated;
}

}  // namespace

CleaningRounds::CleaningRounds(io::Env& env, const BrokerConfig& config, ClusterMetadata& metadata,
                               storage::DataDirectory& directory)
    : metadata_(metadata),
      directory_(directory),
      cleaner_({.dedupe_bytes_max = config.cleaner_dedupe_bytes_max,
                .must_stop = [this] { return is_stopped_.load(); }},
               env.make_random()) {}

bool CleaningRounds::clean_next(Timestamp now) {
  const auto due = dirtiest(now);
  if (!due) return false;
  const auto checkpoint = directory_.cleaner_offset(due->partition->name());
  auto cleaned = cleaner_.clean(writer_of(*due->partition), checkpoint, now);
  if (cleaned.ok() && *cleaned) {
    note(*due, **cleaned);
    return true;
  }
  if (!cleaned.ok()) give_up(*due, cleaned.error());
  return false;
}

std::optional<CleaningRounds::Due> CleaningRounds::dirtiest(Timestamp now) {
  std::optional<Due> best;
  const auto table = metadata_.table();
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
  if (uncleanable_.contains({topic->id, partition.name().partition})) return;
  auto plan = storage::LogCleaner::look_at(log, directory_.cleaner_offset(partition.name()), now);
  Due due{topic, &partition, {}};
  if (!plan.ok()) return give_up(due, plan.error());
  if (!plan->is_due) return;
  due.plan = *plan;
  if (!best || best->plan.dirty_ratio() < plan->dirty_ratio()) best = std::move(due);
}

void CleaningRounds::note(const Due& due, const storage::Cleaning& cleaning) {
  const TopicPartition& name = due.partition->name();
  LOG_INFO("a log was compacted", {{"partition", name},
                                   {"up_to", cleaning.first_dirty},
                                   {"bytes_before", cleaning.bytes_before},
                                   {"bytes_after", cleaning.bytes_after},
                                   {"segments_before", cleaning.segments_before},
                                   {"segments_after", cleaning.segments_after}});
  // Else it could speak of this log to another one that was made under its name meanwhile.
  const auto status = metadata_.while_no_topic_changes([&](const TopicTable& table) -> Status {
    if (table.find_partition(name.topic, name.partition.value()) != due.partition) return {};
    return directory_.write_cleaner_offset(name, cleaning.first_dirty);
  });
  if (!status.ok())
    LOG_WARN("could not write how far a log is compacted",
             {{"partition", name}, {"reason", status.error().to_string()}});
}

void CleaningRounds::give_up(const Due& due, const Error& error) {
  // Stopped, deleted, or cut off by retention: that is for the next round to find out.
  if (error.code == ErrorCode::kCancelled || error.code == ErrorCode::kNotFound ||
      wire::kafka_error_of(error) == wire::KafkaError::kUnknownTopicOrPartition)
    return;
  const TopicPartition& name = due.partition->name();
  if (is_unreadable(error)) {
    uncleanable_.insert({due.topic->id, name.partition});
    LOG_ERROR("a log is not compacted any more, it holds what cannot be read",
              {{"partition", name}, {"reason", error.to_string()}});
    return;
  }
  LOG_WARN("could not compact a log", {{"partition", name}, {"reason", error.to_string()}});
}

LogCleaning::LogCleaning(io::Env& env, const BrokerConfig& config, ClusterMetadata& metadata,
                         storage::DataDirectory& directory)
    : env_(env),
      backoff_(config.cleaner_backoff),
      rounds_(env, config, metadata, directory),
      loop_(env.make_loop()) {
  loop_->call_after(backoff_, [this] { next_round(); });
  thread_ = env.start_thread("log-cleaner", [this] { loop_->run(); });
}

LogCleaning::~LogCleaning() {
  rounds_.stop();
  loop_->post([this] { loop_->stop(); });
  thread_->join();
}

void LogCleaning::next_round() {
  const bool was_due = rounds_.clean_next(env_.clock().wall());
  loop_->call_after(was_due ? Millis{0} : backoff_, [this] { next_round(); });
}

}  // namespace millrace::broker
