#include "streams/runtime/task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "streams/streams_builder.h"
#include "streams/testing/memory_topics.h"

namespace millrace::streams {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

Topology windows_on_close() {
  StreamsBuilder builder;
  builder.stream<std::string, std::string>("in")
      .group_by_key()
      .windowed_by(TumblingWindows::of_size(Millis{10}))
      .emit_strategy(EmitStrategy::kOnWindowClose)
      .count({.store_name = "counts"})
      .to_stream()
      .to("out");
  return builder.build().value();
}

class TaskTest : public ::testing::Test {
 protected:
  std::unique_ptr<Task> make(const Topology& topology) {
    auto task = Task::create(topology.plans()[0], TaskId{}, {.application_id = "app"}, topics_);
    EXPECT_TRUE(task.ok()) << task.error().message;
    EXPECT_TRUE((*task)->start().ok());
    return std::move(*task);
  }
  /// One record a timestamp, of one of two keys.
  static InputBatch input(std::int64_t offset, const std::vector<std::int64_t>& times) {
    const auto records = std::make_shared<std::vector<RecordView>>();
    for (const std::int64_t time : times) {
      RecordView record;
      record.offset = Offset{offset++};
      record.key = time % 2 == 0 ? "even" : "odd";
      record.value = "x";
      record.timestamp = Timestamp{time};
      records->push_back(record);
    }
    return {"in", *records, Offset{offset}, records};
  }
  static void process(Task& task, InputBatch batch) {
    task.add(std::move(batch));
    const Status status = task.process(MonotonicTime{});
    ASSERT_TRUE(status.ok()) << status.error().message;
  }
  static void commit(Task& task) {
    ASSERT_TRUE(task.write_changelogs().ok());
    ASSERT_TRUE(task.commit_done().ok());
  }

  testing::MemoryTopics topics_{1};
};

TEST_F(TaskTest, CommitsTheProgressOfAPartitionThatEndsWithoutRecords) {
  const Topology topology = windows_on_close();
  const auto task = make(topology);
  process(*task, input(0, {1}));
  commit(*task);
  EXPECT_FALSE(task->needs_commit());

  process(*task, {"in", {}, Offset{4}});

  EXPECT_TRUE(task->needs_commit());
  EXPECT_THAT(task->committable_offsets(), ElementsAre(Pair("in", Offset{4})));
  EXPECT_EQ(task->metrics().records_processed, 1U);
}

TEST_F(TaskTest, GoesOnFromItsLastCommitAfterItWasLaidAside) {
  const Topology topology = windows_on_close();
  const auto task = make(topology);
  process(*task, input(0, {1, 3, 4}));
  commit(*task);
  process(*task, input(3, {5, 17, 30}));  // closes two windows
  const auto sent = topics_.take_new("out");
  ASSERT_EQ(sent.size(), 3U);

  ASSERT_TRUE(task->lay_aside().ok());
  EXPECT_THAT(task->committable_offsets(), IsEmpty());
  ASSERT_TRUE(task->start().ok());
  process(*task, input(3, {5, 17, 30}));

  EXPECT_EQ(topics_.take_new("out"), sent);
  EXPECT_EQ(task->metrics().late_records_dropped, 0U);
}

TEST_F(TaskTest, EndsWhereATaskWithoutAbortsEndsHoweverOftenItIsLaidAside) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Topology topology = windows_on_close();
    const auto plain = make(topology);
    const auto task = make(topology);
    std::int64_t done = 0;
    for (int round = 0; round < 40; ++round) {
      std::vector<std::int64_t> times(random.below(20));
      for (std::int64_t& time : times) {
        time = round * 5 + static_cast<std::int64_t>(random.below(30));
      }
      while (random.below(3) == 0) {
        process(*task, input(done, times));
        if (random.below(2) == 0) {
          ASSERT_TRUE(task->write_changelogs().ok());
        }
        ASSERT_TRUE(task->lay_aside().ok());
        ASSERT_TRUE(task->start().ok());
      }
      (void)topics_.take_new("out");
      process(*plain, input(done, times));
      const auto expected = topics_.take_new("out");
      process(*task, input(done, times));
      EXPECT_EQ(topics_.take_new("out"), expected);
      commit(*plain);
      commit(*task);
      done += static_cast<std::int64_t>(times.size());
    }
    EXPECT_EQ(task->store("counts")->entry_count(), plain->store("counts")->entry_count());
  }
}

TEST_F(TaskTest, IsNotMadeWhenItsStoreCannotBe) {
  Topology topology = windows_on_close();
  std::vector<TaskPlan> plans = topology.plans();
  plans[0].stores[0].make = [](const StoreContext& context) -> Result<std::unique_ptr<StateStore>> {
    EXPECT_EQ(context.application_id, "app");
    return Error{ErrorCode::kDiskFull, "wanted room for a file, found none"};
  };

  const auto task = Task::create(plans[0], TaskId{}, {.application_id = "app"}, topics_);

  ASSERT_FALSE(task.ok());
  EXPECT_EQ(task.error().code, ErrorCode::kDiskFull);
  EXPECT_THAT(task.error().message, HasSubstr("store counts"));
}

TEST_F(TaskTest, IsNotMadeWhenAFunctionOfTheApplicationThrowsAsItIsCopied) {
  struct Copied {
    Copied() = default;
    Copied(const Copied& other) : copies(other.copies + 1), limit(other.limit) {
      if (copies > *limit) throw std::runtime_error("no copies left");
    }
    Copied(Copied&& other) noexcept : copies(other.copies), limit(other.limit) {}
    bool operator()(const std::string&, const std::string&) const { return true; }
    int copies = 0;
    std::shared_ptr<int> limit = std::make_shared<int>(1'000);
  };
  StreamsBuilder builder;
  Copied function;
  builder.stream<std::string, std::string>("in").filter(function).to("out");
  const Topology topology = builder.build().value();
  *function.limit = 0;

  const auto task = Task::create(topology.plans()[0], TaskId{}, {.application_id = "app"}, topics_);

  ASSERT_FALSE(task.ok());
  EXPECT_THAT(task.error().message, HasSubstr("no copies left"));
}

}  // namespace
}  // namespace millrace::streams
