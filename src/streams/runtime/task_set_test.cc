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
    task.restore(kChangelog, records);
    task.restored_up_to(kChangelog, Offset{next});
  }

  const Topology topology_ = word_count();
  testing::MemoryTopics topics_{2};
  TaskSet tasks_{topology_, {.application_id = "app"}, topics_};
};

TEST_F(TaskSetTest, GivesATaskBackWithWhatItHadRestored) {
  Task* const task = tasks_.assign({{kInput}}).at(0);
  restore(*task, {"a", "b"}, 7);

  EXPECT_THAT(tasks_.revoke({{kInput}}), ElementsAre(kTask));
  EXPECT_EQ(tasks_.size(), 0U);
  const auto again = tasks_.assign({{kInput, kOtherInput}});

  ASSERT_THAT(again, SizeIs(2));
  EXPECT_EQ(again[0]->changelog_positions().at(0).next, Offset{7});
  EXPECT_EQ(again[0]->store("counts")->entry_count(), 2U);
  EXPECT_EQ(again[1]->changelog_positions().at(0).next, Offset{0});
}

TEST_F(TaskSetTest, ForgetsWhatWasRestoredOnceAnAssignmentDoesNotGiveTheTaskBack) {
  restore(*tasks_.assign({{kInput}}).at(0), {"a", "b"}, 7);
  (void)tasks_.revoke({{kInput}});
  EXPECT_THAT(tasks_.assign({}), IsEmpty());

  const auto again = tasks_.assign({{kInput}});

  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0]->changelog_positions().at(0).next, Offset{0});
  EXPECT_EQ(again[0]->store("counts")->entry_count(), 0U);
  EXPECT_EQ(tasks_.metrics().records_restored, 2U);
}

TEST_F(TaskSetTest, MakesATaskAnewWhoseStateIsWorthNothing) {
  restore(*tasks_.assign({{kInput}}).at(0), {"a"}, 7);

  Task& anew = tasks_.make_anew(kTask);

  EXPECT_EQ(&anew, tasks_.find(kTask));
  EXPECT_EQ(anew.changelog_positions().at(0).next, Offset{0});
  EXPECT_EQ(anew.store("counts")->entry_count(), 0U);
  EXPECT_THAT(tasks_.partitions_of(kTask), ElementsAre(kInput));
}

}  // namespace
}  // namespace millrace::streams
