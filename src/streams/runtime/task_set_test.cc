#include "streams/runtime/task_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "streams/streams_builder.h"
#include "streams/testing/memory_topics.h"

namespace millrace::streams {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const TopicPartition kInput{"in", PartitionId{0}};
const TopicPartition kOtherInput{"in", PartitionId{1}};
const TaskId kTask{0, PartitionId{0}};
const std::string kChangelog = "app-counts-changelog";

class TaskSetTest : public ::testing::Test {
 protected:
  static Topology word_count() {
    StreamsBuilder builder;
    builder.stream<std::string, std::string>("in").group_by_key().count({.store_name = "counts"});
    return builder.build().value();
  }
  void restore(Task& task, std::vector<std::string> keys, std::int64_t next) {
    std::vector<RecordView> records;
    for (const std::string& key : keys) {
      RecordView record;
      record.key = key;
      record.value = std::string_view("\0\0\0\0\0\0\0\1", 8);
      record.timestamp = Timestamp{1};
      records.push_back(record);
    }
    ASSERT_TRUE(task.restore(kChangelog, records, Offset{next}).ok());
  }
  std::vector<Task*> assign(std::vector<TopicPartition> partitions) {
    return tasks_.assign(partitions).value();
  }
  void count(Task& task, std::string_view key, std::int64_t offset) {
    records_[0].key = key;
    records_[0].value = "x";
    records_[0].timestamp = Timestamp{1};
    records_[0].offset = Offset{offset};
    task.add({"in", records_, Offset{offset + 1}});
    ASSERT_TRUE(task.process(MonotonicTime{}).ok());
  }
  void commit(Task& task) {
    ASSERT_TRUE(task.write_changelogs().ok());
    ASSERT_TRUE(task.commit_done().ok());
  }

  std::vector<RecordView> records_{1};
  const Topology topology_ = word_count();
  testing::MemoryTopics topics_{2};
  TaskSet tasks_{topology_, {.application_id = "app"}, topics_};
};

TEST_F(TaskSetTest, GivesATaskBackWithWhatItHadRestored) {
  Task* const task = assign({kInput}).at(0);
  restore(*task, {"a", "b"}, 7);

  EXPECT_THAT(tasks_.revoke({{kInput}}), ElementsAre(kTask));
  EXPECT_EQ(tasks_.size(), 0U);
  const auto again = assign({kInput, kOtherInput});

  ASSERT_THAT(again, SizeIs(2));
  EXPECT_EQ(again[0]->changelog_positions().at(0).next, Offset{7});
  EXPECT_EQ(again[0]->store("counts")->entry_count(), 2U);
  EXPECT_EQ(again[1]->changelog_positions().at(0).next, Offset{0});
}

TEST_F(TaskSetTest, ForgetsWhatWasRestoredOnceAnAssignmentDoesNotGiveTheTaskBack) {
  restore(*assign({kInput}).at(0), {"a", "b"}, 7);
  (void)tasks_.revoke({{kInput}});
  EXPECT_THAT(assign({}), IsEmpty());

  const auto again = assign({kInput});

  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0]->changelog_positions().at(0).next, Offset{0});
  EXPECT_EQ(again[0]->store("counts")->entry_count(), 0U);
  EXPECT_EQ(tasks_.metrics().records_restored, 2U);
}

TEST_F(TaskSetTest, GivesARunningTaskBackAsItWasAtItsLastCommit) {
  Task* const task = assign({kInput}).at(0);
  ASSERT_TRUE(task->start().ok());
  count(*task, "a", 0);
  count(*task, "b", 1);
  commit(*task);
  count(*task, "c", 2);
  count(*task, "a", 3);

  (void)tasks_.revoke({{kInput}});
  Task* const again = assign({kInput}).at(0);

  EXPECT_FALSE(again->is_started());
  EXPECT_EQ(again->changelog_positions().at(0).next, Offset{2});
  EXPECT_EQ(again->store("counts")->entry_count(), 2U);
  ASSERT_TRUE(again->start().ok());
  count(*again, "a", 3);
  commit(*again);
  const auto changelog = topics_.contents(kChangelog);
  ASSERT_EQ(changelog.size(), 3U);
  EXPECT_EQ(changelog[2].key, "a");
  EXPECT_EQ(AnySerde<std::int64_t>().decode(changelog[2].value).value(), 2);
}

TEST_F(TaskSetTest, DropsARunningTaskWhoseStateNoChangelogTells) {
  Task* const task = assign({kInput}).at(0);
  ASSERT_TRUE(task->start().ok());
  count(*task, "a", 0);
  ASSERT_TRUE(task->write_changelogs().ok());  // and no commit: it may not have happened

  (void)tasks_.revoke({{kInput}});
  Task* const again = assign({kInput}).at(0);

  EXPECT_EQ(again->changelog_positions().at(0).next, Offset{0});
  EXPECT_EQ(again->store("counts")->entry_count(), 0U);
}

TEST_F(TaskSetTest, MakesATaskAnewWhoseStateIsWorthNothing) {
  restore(*assign({kInput}).at(0), {"a"}, 7);

  Task& anew = *tasks_.make_anew(kTask).value();

  EXPECT_EQ(&anew, tasks_.find(kTask));
  EXPECT_EQ(anew.changelog_positions().at(0).next, Offset{0});
  EXPECT_EQ(anew.store("counts")->entry_count(), 0U);
  EXPECT_THAT(tasks_.partitions_of(kTask), ElementsAre(kInput));
}

}  // namespace
}  // namespace millrace::streams
