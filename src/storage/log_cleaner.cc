#include "storage/log_cleaner.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "storage/compaction/batch_cleaning.h"
#include "storage/compaction/transaction_fates.h"
#include "storage/segment/batch_scanner.h"
#include "storage/segment/batch_walk.h"
#include "wire/transaction_marker.h"

namespace millrace::storage {
namespace {

Result<Timestamp> first_batch_time(const Segment& segment) {
  auto start = segment.start_for(segment.base_offset());
  if (!start.ok()) return std::move(start).error();
  auto first = BatchScanner(*start->file, 0, start->end).next();
  if (!first.ok()) return std::move(first).error();
  return *first ? (*first)->header.max_timestamp : kNoTimestamp;
}

/// What an error says that only stops a walk.
Status enough() {
  return Error{ErrorCode::kCancelled, "enough was seen"};
}

Result<std::vector<CleanableSegment>> facts_of(const CleanerView& view) {
  std::vector<CleanableSegment> facts;
  for (std::size_t i = 0; i < view.segments.size(); ++i) {
    Segment& segment = *view.segments[i];
    const bool is_active = i + 1 == view.segments.size();
    CleanableSegment fact{
        .base = segment.base_offset(),
        .next = is_active ? segment.next_offset() : view.segments[i + 1]->base_offset(),
        .size_bytes = segment.size_bytes()};
    if (!is_active && view.config.min_compaction_lag_ms > 0) fact.newest = segment.newest();
    if (!is_active && view.config.max_compaction_lag_ms < INT64_MAX) {
      auto time = first_batch_time(segment);
      segment.release_files();
      if (!time.ok()) return std::move(time).error();
      fact.first_batch = *time;
    }
    facts.push_back(fact);
  }
  return facts;
}

CleaningPlan plan_of(const CleanerView& view, std::span<const CleanableSegment> facts,
                     std::optional<Offset> checkpoint, Timestamp now) {
  if (!view.config.cleanup_policy_compact) return {};
  return plan_cleaning(facts, {view.log_start, checkpoint, view.stable_end}, view.config, now);
}

/// One pass over one log.
class Pass {
 public:
  Pass(const LogCleaner::Options& options, KeyOffsets& keys, PartitionLog& log,
       const WithWriter& writer, CleanerView view, LastOfProducers producers,
       std::vector<CleanableSegment> facts, const CleaningPlan& plan, Timestamp now)
      : options_(options),
        keys_(keys),
        log_(log),
        writer_(writer),
        view_(std::move(view)),
        producers_(std::move(producers)),
        facts_(std::move(facts)),
        plan_(plan),
        now_(now) {}

  Result<std::optional<Cleaning>> run() {
    if (Status status = learn_fates(); !status.ok()) return std::move(status).error();
    if (Status status = learn_keys(); !status.ok()) return std::move(status).error();
    BatchCleaning cleaning(keys_, end_, fates_, producers_, view_.config,
                           {now_, Millis{view_.config.delete_retention_ms}});
    // From the oldest to the newest: what a tombstone stands for goes before the tombstone does,
    // and the records of a transaction before its marker.
    for (const CleaningRun& run : group_segments(facts_, view_.log_start, end_, view_.config)) {
      if (Status status = rewrite(run, cleaning); !status.ok()) return std::move(status).error();
    }
    result_.first_dirty = end_;
    result_.has_more = end_ < plan_.end;
    return std::optional<Cleaning>{result_};
  }

 private:
  Status go_on() const {
    if (!options_.must_stop()) return {};
    return Error{ErrorCode::kCancelled, "cleaning was stopped"};
  }

  Status walk(Offset from, Offset before, const BatchVisit& visit) {
    for (std::size_t i = 0; i < facts_.size(); ++i) {
      if (facts_[i].next <= from) continue;
      if (facts_[i].base >= before) break;
      Status status =
          walk_batches(*view_.segments[i], from, chunk_,
                       [&](std::string_view bytes, const wire::BatchHeader& header) -> Status {
                         Status goes_on = go_on();
                         return goes_on.ok() ? visit(bytes, header) : goes_on;
                       });
      if (!status.ok()) return status;
    }
    return {};
  }

  /// Learns from the headers of what is dirty, and from the markers.
  Status learn_fates() {
    std::size_t at = 0;
    for (; at < facts_.size() && facts_[at].base < plan_.end; ++at) {
      if (facts_[at].next <= plan_.first_dirty) continue;
      if (Status status = learn_fates_of(*view_.segments[at]); !status.ok()) return status;
    }
    // What is cleaned lies before the last stable offset: all of it is decided, if need be by a
    // marker that stands behind.
    const std::size_t dirty_count = record_count_;
    for (; at < facts_.size() && fates_.has_undecided(); ++at) {
      if (Status status = learn_fates_of(*view_.segments[at]); !status.ok()) return status;
    }
    record_count_ = dirty_count;
    return {};
  }

  Status learn_fates_of(Segment& segment) {
    const auto learn = [&](const ReadStart& start) -> Status {
      for (BatchScanner scanner(*start.file, start.position, start.end);;) {
        auto place = scanner.next();
        if (!place.ok()) return std::move(place).error();
        if (!*place) return {};
        if (Status status = go_on(); !status.ok()) return status;
        if (Status status = learn_fate(*start.file, **place); !status.ok()) return status;
      }
    };
    auto start = segment.start_for(std::max(plan_.first_dirty, segment.base_offset()));
    if (!start.ok()) return std::move(start).error();
    Status status = learn(*start);
    segment.release_files();
    return status;
  }

  Status learn_fate(const io::File& file, const BatchPlace& batch) {
    const wire::BatchHeader& header = batch.header;
    if (header.last_offset() < plan_.first_dirty) return {};
    if (!header.is_control()) {
      record_count_ += static_cast<std::size_t>(std::max(header.record_count, 0));
      fates_.on_batch(header);
      return {};
    }
    chunk_.resize_uninitialized(header.size_bytes());
    auto count = file.read_at(batch.position, {chunk_.data(), chunk_.size()});
    if (!count.ok()) return std::move(count).error();
    const auto end = wire::read_transaction_end({chunk_.data(), *count});
    if (end.ok()) fates_.on_marker(header, end->result);
    return {};
  }

  /// Notes the last offset of each key in what is dirty, as far as there is room for keys.
  Status learn_keys() {
    keys_.begin(record_count_);
    end_ = plan_.end;
    std::optional<Offset> no_room;
    Buffer scratch;
    std::vector<KeyAt> in_batch;
    Status status = walk(plan_.first_dirty, plan_.end,
                         [&](std::string_view bytes, const wire::BatchHeader& header) -> Status {
                           if (header.is_control() || fates_.is_aborted(header)) return {};
                           auto reader = wire::BatchReader::open(bytes, scratch);
                           if (!reader.ok()) return std::move(reader).error();
                           in_batch.clear();
                           for (RecordView record; reader->next(record);) {
                             if (!record.key || record.offset < plan_.first_dirty) continue;
                             in_batch.push_back({*record.key, record.offset});
                           }
                           if (!reader->status().ok()) return reader->status();
                           no_room = keys_.put(in_batch);
                           return no_room ? enough() : Status{};
                         });
    if (!no_room && !status.ok()) return status;
    end_ = no_room.value_or(plan_.end);
    keys_.seal(plan_.first_dirty, end_);
    return {};
  }

  Status rewrite(const CleaningRun& run, BatchCleaning& cleaning) {
    auto copy = log_.plan_rewrite(run.from, run.before);
    // A run that retention took is nobody's any more. Any other that is passed over would bring old
    // values back: the tombstones behind it go.
    if (!copy.ok() && log_.log_start_offset() >= run.before) return {};
    if (!copy.ok()) return std::move(copy).error();
    cleaning.forget_changes();
    const std::size_t count = copy->run().size();
    // Several segments become one; a single one is copied from the first change on.
    bool is_copied = count > 1;
    std::uint64_t bytes_before = 0;
    std::uint64_t bytes_after = 0;
    const auto clean = [&](std::string_view bytes, const wire::BatchHeader& header) -> Status {
      if (Status status = go_on(); !status.ok()) return status;
      auto kept = cleaning.clean(bytes, header);
      if (!kept.ok()) return std::move(kept).error();
      bytes_before += bytes.size();
      bytes_after += *kept ? (*kept)->size() : 0;
      if (!is_copied && !cleaning.has_changed()) return {};
      if (!std::exchange(is_copied, true)) {
        if (Status status = copy->add_before(header.base_offset); !status.ok()) return status;
      }
      return *kept ? copy->add(**kept) : Status{};
    };
    if (Status status = copy->for_each_batch(clean); !status.ok()) return status;
    if (is_copied) {
      if (Status status = copy->finish(); !status.ok()) return status;
      Status status = log_.replace(std::move(copy).value(), writer_);
      if (!status.ok()) return status;
    }
    result_.bytes_before += bytes_before;
    result_.bytes_after += bytes_after;
    result_.segments_before += count;
    ++result_.segments_after;
    return {};
  }

  const LogCleaner::Options& options_;
  KeyOffsets& keys_;
  PartitionLog& log_;
  const WithWriter& writer_;
  const CleanerView view_;
  const LastOfProducers producers_;
  const std::vector<CleanableSegment> facts_;
  const CleaningPlan plan_;
  const Timestamp now_;
  TransactionFates fates_;
  std::size_t record_count_ = 0;  // in what is dirty
  Offset end_;                    // of the keys that are known
  Buffer chunk_;
  Cleaning result_;
};

}  // namespace

LogCleaner::LogCleaner(Options options, Random random)
    : options_(std::move(options)), keys_(options_.dedupe_bytes_max, SipKey::draw(random)) {}

Result<CleaningPlan> LogCleaner::look_at(const PartitionLog& log, std::optional<Offset> checkpoint,
                                         Timestamp now) {
  const CleanerView view = log.cleaner_view();
  if (!view.config.cleanup_policy_compact || view.segments.size() < 2) return CleaningPlan{};
  auto facts = facts_of(view);
  if (!facts.ok()) return std::move(facts).error();
  return plan_of(view, *facts, checkpoint, now);
}

Result<std::optional<Cleaning>> LogCleaner::clean(const WithWriter& writer,
                                                  std::optional<Offset> checkpoint, Timestamp now) {
  PartitionLog* log = nullptr;
  std::optional<CleanerView> view;
  LastOfProducers producers;
  Status status = writer([&](PartitionLog& its) -> Status {
    if (Status usable = its.check_usable(); !usable.ok()) return usable;
    log = &its;
    view = its.cleaner_view();
    producers = its.last_of_producers();
    return {};
  });
  if (!status.ok()) return std::move(status).error();
  auto facts = facts_of(*view);
  if (!facts.ok()) return std::move(facts).error();
  const CleaningPlan plan = plan_of(*view, *facts, checkpoint, now);
  if (plan.dirty_bytes == 0) return std::optional<Cleaning>{};
  Pass pass(options_, keys_, *log, writer, *std::move(view), std::move(producers),
            std::move(facts).value(), plan, now);
  auto cleaned = pass.run();
  keys_.end();
  return cleaned;
}

}  // namespace millrace::storage
