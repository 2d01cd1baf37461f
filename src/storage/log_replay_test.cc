// What a replay shows: every batch once, in order, with who wrote it.
#include "storage/log_replay.h"

#include <gtest/gtest.h>

#include "storage/testing/log_fixture.h"

namespace millrace::storage {
namespace {

using testing::append;
using testing::append_transactional;
using testing::end_transaction;
using testing::LogFixture;

/// Notes each batch as "offset/producer/kind: values".
class Notes final : public BatchVisitor {
 public:
  Status on_batch(wire::BatchReader& batch) override {
    const auto& header = batch.header();
    std::string line = fmt::format("{}/{}/{}:", header.base_offset, header.producer_id,
                                   header.is_control()         ? "control"
                                   : header.is_transactional() ? "transactional"
                                                               : "plain");
    RecordView record;
    while (!header.is_control() && batch.next(record)) {
      line += fmt::format(" {}", record.value.value_or(""));
    }
    lines.push_back(line);
    return {};
  }
  Status on_unreadable(const wire::BatchHeader& header, const Error& /*why*/) override {
    lines.push_back(fmt::format("{}: unreadable", header.base_offset));
    return {};
  }

  std::vector<std::string> lines;
};

class LogReplayTest : public LogFixture {
 protected:
  ReadBatches reading(std::size_t bytes_max) {
    return [this, bytes_max](Offset from) {
      return log->read_bytes(from, bytes_max, MinOneBatch::kYes);
    };
  }
};

TEST_F(LogReplayTest, ShowsWhoWroteEachBatchAndTheMarkersBetween) {
  open();
  ASSERT_TRUE(append(*log, {.values = {"a", "b"}}).ok());
  ASSERT_TRUE(append_transactional(*log, {.values = {"c"}, .producer_id = 7}).ok());
  ASSERT_TRUE(end_transaction(*log, 7).ok());
  ASSERT_TRUE(append(*log, {.values = {"d"}, .compression = wire::Compression::kZstd}).ok());

  for (const std::size_t bytes_max : {std::size_t{1}, std::size_t{100}, std::size_t{100'000}}) {
    Notes notes;
    EXPECT_EQ(replay(reading(bytes_max), Offset{0}, notes).value(), Offset{5});
    EXPECT_EQ(notes.lines, (std::vector<std::string>{"0/-1/plain: a b", "2/7/transactional: c",
                                                     "3/7/control:", "4/-1/plain: d"}))
        << bytes_max;
  }
}

TEST_F(LogReplayTest, GoesOnBehindABatchThatCannotBeRead) {
  open();
  ASSERT_TRUE(append(*log, {.values = {"a"}}).ok());
  const std::uint64_t one = log->size_bytes();
  ASSERT_TRUE(append(*log, {.values = {"b"}}).ok());
  ASSERT_TRUE(append(*log, {.values = {"c"}}).ok());
  auto file = files.open("/data/topic-0/00000000000000000000.log", io::OpenMode::kReadWrite);
  ASSERT_TRUE(file.value()->write_at(one * 2 - 2, "?").ok());

  Notes notes;
  EXPECT_EQ(replay(reading(100'000), Offset{0}, notes).value(), Offset{3});
  EXPECT_EQ(notes.lines,
            (std::vector<std::string>{"0/-1/plain: a", "1: unreadable", "2/-1/plain: c"}));
}

}  // namespace
}  // namespace millrace::storage
