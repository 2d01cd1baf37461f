// What a log of `__consumer_offsets` amounts to when it holds transactions.
#include "broker/groups/offsets/group_loader.h"

#include <gtest/gtest.h>

#include "broker/groups/offsets/log_records.h"
#include "wire/record_batch.h"
#include "wire/record_batch_builder.h"

namespace millrace::broker {
namespace {

/// Two partitions in memory, batch after batch.
class LogInMemory final : public CoordinatorLog {
 public:
  std::string_view topic() const override { return "__consumer_offsets"; }
  Result<std::int32_t> ensure_partitions() override { return 2; }
  std::int32_t partition_count() override { return 2; }
  void append(PartitionId, Buffer, storage::VerificationGuard,
              std::function<void(Status)> on_done) override {
    on_done({});
  }
  void append_marker(const LogMarker&, std::function<void(Status)> on_done) override {
    on_done({});
  }
  Result<Buffer> read(PartitionId index, Offset from, std::size_t) override {
    const auto& batches = partitions_[static_cast<std::size_t>(index.value())];
    const auto at = static_cast<std::size_t>(from.value());
    return at < batches.size() ? Buffer::copy_of(batches[at].view()) : Buffer{};
  }
  Offset log_start_offset(PartitionId) override { return Offset{0}; }

  LogInMemory& add(std::string_view key, std::optional<std::string_view> value,
                   wire::BatchOptions options = {}) {
    auto& batches = partitions_[partition];
    options.base_offset = Offset{static_cast<std::int64_t>(batches.size())};
    wire::RecordBatchBuilder builder(options);
    builder.append(Timestamp{1}, key, value);
    batches.push_back(builder.build());
    return *this;
  }
  /// An offset that a producer commits in its transaction, or nobody's when the id is -1.
  LogInMemory& commit(std::int64_t producer, std::int64_t offset) {
    const LogRecord record =
        offset_record("g", {.topic = "t",
                            .partition = static_cast<std::int32_t>(producer + 1),
                            .value = CommittedOffset{{.offset = Offset{offset}}, {}}});
    return add(record.key, *record.value,
               {.producer_id = ProducerId{producer}, .is_transactional = producer >= 0});
  }
  LogInMemory& end(std::int64_t producer, char type) {
    const std::string key{0, 0, 0, type};
    return add(key, "marker",
               {.producer_id = ProducerId{producer}, .is_transactional = true, .is_control = true});
  }

  std::size_t partition = 0;  // that is written to

 private:
  std::vector<Buffer> partitions_[2];
};

constexpr char kAbort = 0;
constexpr char kCommit = 1;

/// The offset that counts for each of t's partitions 0, 1, … in turn; -1 for none.
std::vector<std::int64_t> loaded(LogInMemory& log) {
  GroupCoordinator coordinator({}, Random(1));
  EXPECT_TRUE(load_groups(log, coordinator, {}).ok());
  std::vector<std::int64_t> offsets;
  for (std::int32_t partition = 0; partition < 3; ++partition) {
    const auto* const found = coordinator.state().offsets.find("g", "t", partition);
    offsets.push_back(found == nullptr ? -1 : found->commit.offset.value());
  }
  return offsets;
}

TEST(GroupLoader, OffsetsOfATransactionCountOnceItIsCommitted) {
  LogInMemory log;
  log.commit(-1, 5).commit(0, 6).commit(1, 7).end(1, kCommit);
  EXPECT_EQ(loaded(log), (std::vector<std::int64_t>{5, -1, 7}));
  log.end(0, kCommit);
  EXPECT_EQ(loaded(log), (std::vector<std::int64_t>{5, 6, 7}));
}

TEST(GroupLoader, OffsetsOfATransactionThatWasAbortedNeverCount) {
  LogInMemory log;
  log.commit(0, 6).end(0, kAbort).end(0, kCommit).commit(1, 7).commit(1, 8).end(1, kCommit);
  EXPECT_EQ(loaded(log), (std::vector<std::int64_t>{-1, -1, 8}));
}

TEST(GroupLoader, AMarkerThatIsCutEndsItsTransactionAndNothingElse) {
  LogInMemory log;
  log.commit(0, 6);
  log.add(std::string_view("\0", 1), "marker",
          {.producer_id = ProducerId{0}, .is_transactional = true, .is_control = true});
  log.commit(1, 7).end(1, kCommit);
  EXPECT_EQ(loaded(log), (std::vector<std::int64_t>{-1, -1, 7}));
}

TEST(GroupLoader, AMarkerEndsWhatItsOwnPartitionHoldsAndNothingElse) {
  LogInMemory log;
  log.commit(0, 6).end(0, kAbort);
  log.partition = 1;
  log.commit(0, 7).commit(1, 8).end(0, kCommit);
  EXPECT_EQ(loaded(log), (std::vector<std::int64_t>{-1, 7, -1}));
  log.partition = 0;
  log.end(1, kCommit);
  EXPECT_EQ(loaded(log), (std::vector<std::int64_t>{-1, 7, -1}));
}

}  // namespace
}  // namespace millrace::broker
