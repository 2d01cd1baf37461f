// TransactionHistory: what was appended to a log with transactions, and what must hold of the log
// therefore, told in the most naive way.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "storage/testing/batches.h"

namespace millrace::storage::testing {

using Values = std::map<Offset, std::string>;

/// What a log that ends somewhere tells its readers.
struct TransactionFacts {
  Offset last_stable;
  std::vector<AbortedTransaction> aborted;
  Values committed;  // below the last stable offset, plain ones too

  /// Those with records in [from, before).
  std::vector<AbortedTransaction> aborted_in(Offset from, Offset before) const {
    std::vector<AbortedTransaction> found;
    for (const auto& each : aborted) {
      if (each.last_offset >= from && each.first_offset < before) found.push_back(each);
    }
    return found;
  }
};

class TransactionHistory {
 public:
  explicit TransactionHistory(Random& random) : random_(random) {}

  /// One random batch or marker.
  void append_to(PartitionLog& log) {
    const ProducerId producer{1 + static_cast<std::int64_t>(random_.below(4))};
    const bool is_open = open_.contains(producer);
    if (is_open && random_.chance(0.4)) {
      const bool is_commit = random_.chance(0.4);
      const auto ended = end_transaction(
          log, producer.value(),
          {is_commit ? wire::TransactionResult::kCommit : wire::TransactionResult::kAbort});
      ASSERT_TRUE(ended.ok()) << ended.error().message;
      open_.erase(producer);
      return note({is_commit ? Kind::kCommit : Kind::kAbort, producer, ended->base_offset, {""}});
    }
    BatchSpec spec;
    spec.values.resize(1 + random_.below(3));
    for (auto& value : spec.values) {
      value = std::to_string(entries_.size()) + std::string(random_.below(60), 'v');
    }
    spec.producer_id = producer.value();
    spec.sequence = sequences_[producer];
    const bool is_transactional = is_open || random_.chance(0.8);
    const auto appended =
        is_transactional ? append_transactional(log, spec) : testing::append(log, spec);
    ASSERT_TRUE(appended.ok()) << appended.error().message;
    sequences_[producer] += static_cast<std::int32_t>(spec.values.size());
    if (is_transactional) open_.insert(producer);
    note({is_transactional ? Kind::kInTransaction : Kind::kPlain, producer, appended->base_offset,
          spec.values});
  }

  /// Forgets what a crash took: all from `end` on.
  void cut(Offset end) {
    std::erase_if(entries_, [&](const Entry& entry) { return entry.base >= end; });
    open_.clear();
    sequences_.clear();
    for (const Entry& entry : entries_) {
      if (is_marker(entry)) {
        open_.erase(entry.producer);
        continue;
      }
      sequences_[entry.producer] += static_cast<std::int32_t>(entry.values.size());
      if (entry.kind == Kind::kInTransaction) open_.insert(entry.producer);
    }
  }

  TransactionFacts facts() const {
    TransactionFacts facts;
    std::map<ProducerId, std::pair<Offset, Values>> open;
    const auto stable = [&](Offset end) {
      for (const auto& [producer, transaction] : open) end = std::min(end, transaction.first);
      return end;
    };
    Offset end{0};
    for (const Entry& entry : entries_) {
      end = entry.base + static_cast<std::int64_t>(entry.values.size());
      if (is_marker(entry)) {
        auto ended = open.extract(entry.producer);
        if (entry.kind == Kind::kCommit) {
          facts.committed.merge(ended.mapped().second);
        } else {
          facts.aborted.push_back({entry.producer, ended.mapped().first, entry.base, stable(end)});
        }
        continue;
      }
      Values* values = &facts.committed;
      if (entry.kind == Kind::kInTransaction) {
        values = &open.try_emplace(entry.producer, entry.base, Values{}).first->second.second;
      }
      Offset offset = entry.base;
      for (const auto& value : entry.values) {
        values->emplace(offset, value);
        offset = offset + 1;
      }
    }
    facts.last_stable = stable(end);
    facts.committed.erase(facts.committed.lower_bound(facts.last_stable), facts.committed.end());
    return facts;
  }

 private:
  enum class Kind : std::uint8_t { kPlain, kInTransaction, kCommit, kAbort };
  struct Entry {
    Kind kind;
    ProducerId producer;
    Offset base;
    std::vector<std::string> values;
  };

  static bool is_marker(const Entry& entry) {
    return entry.kind == Kind::kCommit || entry.kind == Kind::kAbort;
  }
  void note(Entry entry) { entries_.push_back(std::move(entry)); }

  Random& random_;
  std::vector<Entry> entries_;
  std::set<ProducerId> open_;
  std::map<ProducerId, std::int32_t> sequences_;
};

/// What a client that reads committed records takes out of one answer, beginning at `from`, which
/// is moved on behind it.
/// source  Kafka's CompletedFetch
inline void take_committed(std::string_view bytes, std::vector<AbortedTransaction> aborted,
                           Offset& from, Values& taken) {
  std::sort(aborted.begin(), aborted.end(),
            [](const auto& a, const auto& b) { return a.first_offset < b.first_offset; });
  std::set<ProducerId> aborting;
  auto next = aborted.begin();
  wire::BatchCursor cursor(bytes);
  Buffer scratch;
  while (const auto batch = cursor.next()) {
    auto reader = wire::BatchReader::open(*batch, scratch);
    ASSERT_TRUE(reader.ok()) << reader.error().message;
    const auto& header = reader->header();
    for (; next != aborted.end() && next->first_offset <= header.last_offset(); ++next) {
      aborting.insert(next->producer_id);
    }
    if (header.is_control()) {
      const auto end = wire::read_transaction_end(*batch);
      ASSERT_TRUE(end.ok());
      if (end->result == wire::TransactionResult::kAbort) aborting.erase(header.producer_id);
    } else if (!header.is_transactional() || !aborting.contains(header.producer_id)) {
      RecordView record;
      while (reader->next(record)) {
        if (record.offset >= from) taken.emplace(record.offset, *record.value);
      }
    }
    from = std::max(from, header.next_offset());
  }
}

/// All that such a client sees from `from` on, in answers of `bytes_max`.
inline Values read_committed(const PartitionLog& log, Offset from, std::size_t bytes_max) {
  Values taken;
  for (;;) {
    const auto found = log.read_committed(from, bytes_max, MinOneBatch::kYes);
    EXPECT_TRUE(found.ok()) << found.error().message;
    if (!found.ok() || found->slice.slice.size_bytes == 0) return taken;
    std::string bytes(static_cast<std::size_t>(found->slice.slice.size_bytes), '\0');
    EXPECT_TRUE(found->slice.slice.file->read_at(found->slice.slice.position, bytes).ok());
    take_committed(bytes, found->aborted, from, taken);
  }
}

/// Whether readers see, from every offset, what they must.
inline void expect_seen(const PartitionLog& log, const TransactionFacts& facts) {
  ASSERT_EQ(log.last_stable_offset(), facts.last_stable);
  for (Offset from = log.log_start_offset(); from <= facts.last_stable; from = from + 1) {
    const Values expected(facts.committed.lower_bound(from), facts.committed.end());
    for (const std::size_t bytes_max : {std::size_t{1}, std::size_t{300}, std::size_t{100'000}}) {
      ASSERT_EQ(read_committed(log, from, bytes_max), expected)
          << from.value() << " by " << bytes_max;
    }
  }
}

/// Whether, besides, the log knows of every range which aborted transactions have records there.
inline void expect_facts(const PartitionLog& log, const TransactionFacts& facts) {
  expect_seen(log, facts);
  for (Offset from = log.log_start_offset(); from < facts.last_stable; from = from + 1) {
    for (Offset before = from + 1; before <= facts.last_stable; before = before + 1) {
      const auto found = log.aborted_transactions(from, before);
      ASSERT_TRUE(found.ok()) << found.error().message;
      ASSERT_EQ(*found, facts.aborted_in(from, before)) << from.value() << " to " << before.value();
    }
  }
}

}  // namespace millrace::storage::testing
