// Reading committed, over logs in which the transactions of several producers lie interleaved:
// whichever offset a reader begins at, it gets what a reader of the whole log gets from there on.
#include <gtest/gtest.h>

#include <map>

#include "base/random.h"
#include "client/consumer/fetched_records.h"
#include "wire/record_batch_builder.h"

namespace millrace::client {
namespace {

struct StoredBatch {
  Offset base;
  Offset end;  // after its last record
  std::string bytes;
};

/// As a broker's transaction index keeps it.
struct StoredAbort {
  ProducerId producer;
  Offset first;
  Offset marker;
};

/// A log as a broker would hold it, and beside it what its readers ought to see.
class TransactionalLog {
 public:
  explicit TransactionalLog(Random& random) : random_(random) {}

  void fill(int steps) {
    for (int i = 0; i < steps; ++i) step();
    while (!open_.empty()) end_transaction(open_.begin()->first);
  }
  Offset end() const { return end_; }
  const std::map<Offset, std::string>& committed() const { return committed_; }

  /// What a broker answers: from the batch that holds `from`, some batches, and each aborted
  /// transaction that overlaps them. Where the batches end a broker knows from its sparse index
  /// only, so it may name later ones too.
  FetchedPart fetch(Offset from) {
    std::string bytes;
    Offset end = from;
    std::uint64_t batches = 1 + random_.below(8);
    for (const StoredBatch& batch : batches_) {
      if (batch.end <= from) continue;
      if (batches-- == 0) break;
      bytes += batch.bytes;
      end = batch.end;
    }
    end = end + static_cast<std::int64_t>(random_.below(6));
    FetchedPart part;
    part.frame = std::make_shared<const Buffer>(Buffer::copy_of(bytes));
    part.records = part.frame->view();
    part.from = from;
    for (const StoredAbort& abort : aborts_) {
      if (abort.marker >= from && abort.first < end) {
        part.aborted.push_back({abort.producer, abort.first});
      }
    }
    return part;
  }

 private:
  struct Transaction {
    Offset first;
    std::map<Offset, std::string> records;
  };

  void step() {
    const ProducerId producer{1 + static_cast<std::int64_t>(random_.below(3))};
    if (open_.count(producer) > 0 && random_.chance(0.4)) return end_transaction(producer);
    const bool is_transactional = open_.count(producer) > 0 || random_.chance(0.8);
    wire::BatchOptions options;
    options.base_offset = end_;
    options.producer_id = producer;
    options.is_transactional = is_transactional;
    if (random_.chance(0.3)) options.compression = wire::Compression::kLz4;
    wire::RecordBatchBuilder builder(options);
    std::map<Offset, std::string>& seen =
        is_transactional ? open_.try_emplace(producer, Transaction{end_, {}}).first->second.records
                         : committed_;
    const auto count = static_cast<std::int64_t>(1 + random_.below(3));
    for (std::int64_t i = 0; i < count; ++i) {
      const std::string value = fmt::format("{}@{}", producer.value(), (end_ + i).value());
      builder.append(Timestamp{5}, std::nullopt, value);
      seen[end_ + i] = value;
    }
    store(builder, count);
  }

  void end_transaction(ProducerId producer) {
    const bool is_commit = random_.chance(0.5);
    wire::BatchOptions options;
    options.base_offset = end_;
    options.producer_id = producer;
    options.is_control = true;
    options.is_transactional = true;
    wire::RecordBatchBuilder builder(options);
    const std::string key{'\0', '\0', '\0', is_commit ? '\1' : '\0'};
    builder.append(Timestamp{5}, key, std::string_view("\0\0\0\0\0\0", 6));
    Transaction& open = open_.at(producer);
    if (is_commit) {
      committed_.merge(open.records);
    } else {
      aborts_.push_back({producer, open.first, end_});
    }
    open_.erase(producer);
    store(builder, 1);
  }

  void store(wire::RecordBatchBuilder& builder, std::int64_t count) {
    const Offset base = end_;
    end_ = end_ + count;
    batches_.push_back({base, end_, std::string(builder.build().view())});
  }

  Random& random_;
  Offset end_{0};
  std::vector<StoredBatch> batches_;
  std::vector<StoredAbort> aborts_;
  std::map<ProducerId, Transaction> open_;
  std::map<Offset, std::string> committed_;
};

std::map<Offset, std::string> read_from(TransactionalLog& log, Offset from, Random& random) {
  std::map<Offset, std::string> seen;
  while (from < log.end()) {
    FetchedRecords fetched(log.fetch(from), {.isolation = IsolationLevel::kReadCommitted});
    while (!fetched.is_done()) {
      std::vector<RecordView> records;
      std::vector<SharedBuffer> keep_alive;
      const auto status = fetched.read(1 + random.below(4), records, keep_alive);
      EXPECT_TRUE(status.ok()) << status.error().message;
      for (const RecordView& record : records) seen[record.offset] = std::string(*record.value);
    }
    EXPECT_GT(fetched.next_offset(), from);
    from = fetched.next_offset();
  }
  return seen;
}

TEST(CommittedReading, BeginningAtAnyOffsetGivesThatSuffixOfTheWholeLog) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    TransactionalLog log(random);
    log.fill(60);
    for (Offset from{0}; from <= log.end(); from = from + 1) {
      const std::map<Offset, std::string> expected(log.committed().lower_bound(from),
                                                   log.committed().end());
      ASSERT_EQ(read_from(log, from, random), expected)
          << "from offset " << from.value() << " with seed " << seed;
    }
  }
}

}  // namespace
}  // namespace millrace::client
