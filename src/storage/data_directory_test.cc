#include "storage/data_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/sim_file_system.h"

namespace millrace::storage {
namespace {

using ::testing::HasSubstr;

Uuid some_uuid(std::uint64_t seed) {
  Random random(seed);
  return Uuid::random(random);
}

Result<std::unique_ptr<DataDirectory>> open(sim::SimFileSystem& files, std::uint64_t seed = 1) {
  return DataDirectory::open(files, "/data", {some_uuid(seed), BrokerId{1}, some_uuid(99)});
}

TEST(DataDirectory, GivesANewFolderAnIdentityAndKeepsIt) {
  sim::SimFileSystem files;
  {
    const auto directory = open(files, 1).value();
    EXPECT_TRUE(directory->is_new());
    EXPECT_EQ(directory->cluster_id(), some_uuid(1));
    EXPECT_EQ(directory->previous_stop(), PreviousStop::kClean);
  }
  const auto again = open(files, 2).value();
  EXPECT_FALSE(again->is_new());
  EXPECT_EQ(again->cluster_id(), some_uuid(1));
  EXPECT_THAT(files.read_all("/data/meta.properties").value(),
              HasSubstr("cluster.id=" + some_uuid(1).to_base64() + "\n"));
}

TEST(DataDirectory, IsLockedWhileItIsOpen) {
  sim::SimFileSystem files;
  auto first = open(files);
  const auto second = open(files);
  EXPECT_EQ(second.error().code, ErrorCode::kLocked);
  EXPECT_THAT(
      second.error().message,
      HasSubstr("locked by another process; stop it, or choose another directory with --data"));
  first.value().reset();
  EXPECT_TRUE(open(files).ok());
}

TEST(DataDirectory, KnowsACleanStopFromAnUncleanOneOnce) {
  sim::SimFileSystem files;
  {
    const auto directory = open(files).value();
    ASSERT_TRUE(directory->mark_clean().ok());
  }
  EXPECT_EQ(open(files).value()->previous_stop(), PreviousStop::kClean);
  EXPECT_EQ(open(files).value()->previous_stop(), PreviousStop::kUnclean)
      << "the mark is gone once it was read";
}

TEST(DataDirectory, RefusesWhatANewerVersionWroteAndWhatMakesNoSense) {
  struct Case {
    std::string text;
    ErrorCode code;
    std::string says;
  };
  const std::string id = some_uuid(1).to_base64();
  for (const Case& one :
       {Case{"version=2\ncluster.id=" + id + "\nnode.id=1\n", ErrorCode::kUnsupported,
             "written by a newer version"},
        Case{"version=1\nnode.id=1\n", ErrorCode::kCorrupt, "cluster.id"},
        Case{"version=1\ncluster.id=" + id + "\nnode.id=x\n", ErrorCode::kCorrupt, "node.id"},
        Case{"", ErrorCode::kCorrupt, "meta.properties"}}) {
    sim::SimFileSystem files;
    ASSERT_TRUE(files.create_directories("/data").ok());
    ASSERT_TRUE(files.replace_atomically("/data/meta.properties", one.text).ok());
    const auto opened = open(files);
    ASSERT_FALSE(opened.ok()) << one.text;
    EXPECT_EQ(opened.error().code, one.code) << one.text;
    EXPECT_THAT(opened.error().message, HasSubstr(one.says));
  }
}

TEST(DataDirectory, ReadsWhatKafkaWrites) {
  sim::SimFileSystem files;
  ASSERT_TRUE(files.create_directories("/data").ok());
  const std::string text =
      "#\n#Sat Nov 21 07:00:00 UTC 2026\ncluster.id=4Tl-PWA0Qb6jxHhIXYAdTQ\n"
      "directory.id=8bvXvSzzQvi6fLrJ0c6x8w\nnode.id=3\nversion=1\n";
  ASSERT_TRUE(files.replace_atomically("/data/meta.properties", text).ok());
  const auto directory = open(files).value();
  EXPECT_EQ(directory->cluster_id().to_base64(), "4Tl-PWA0Qb6jxHhIXYAdTQ");
  EXPECT_EQ(directory->node_id(), BrokerId{3});
}

TEST(DataDirectory, SaysWhenTheDiskIsFull) {
  sim::SimFileSystem files;
  files.fail_from(1, sim::Fault::kDiskFull);
  const auto opened = open(files);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kDiskFull);
  EXPECT_THAT(opened.error().message, HasSubstr("make room"));
}

TEST(DataDirectory, ListsPartitionFolders) {
  sim::SimFileSystem files;
  const auto directory = open(files).value();
  for (const char* folder :
       {"orders-10", "orders-2", "orders-eu-0", "odd", "x-1-delete", "-3", "y-01", "z--1"}) {
    ASSERT_TRUE(files.create_directories(std::string("/data/") + folder).ok());
  }
  const std::vector<TopicPartition> expected{{"orders", PartitionId{2}},
                                             {"orders", PartitionId{10}},
                                             {"orders-eu", PartitionId{0}},
                                             {"z-", PartitionId{1}}};
  EXPECT_EQ(directory->list_logs().value(), expected);
  EXPECT_EQ(directory->log_path(expected[2]), "/data/orders-eu-0");
}

TEST(DataDirectory, KeepsCheckpointsInKafkasFormat) {
  sim::SimFileSystem files;
  const TopicPartition orders{"orders", PartitionId{2}};
  {
    const auto directory = open(files).value();
    ASSERT_TRUE(directory->write_recovery_points({{orders, Offset{42}}}).ok());
    ASSERT_TRUE(directory->write_log_start_offsets({{orders, Offset{7}}}).ok());
  }
  EXPECT_EQ(files.read_all("/data/recovery-point-offset-checkpoint").value(),
            "0\n1\norders 2 42\n");
  ASSERT_TRUE(files.create_directories("/data/orders-2").ok());
  const auto directory = open(files).value();
  const OpenOptions options = directory->open_options(orders, Timestamp{5}).value();
  EXPECT_EQ(options.recovery_point, Offset{42});
  EXPECT_EQ(options.log_start_offset, Offset{7});
  EXPECT_EQ(options.previous_stop, PreviousStop::kUnclean);
  const TopicPartition other{"other", PartitionId{0}};
  EXPECT_EQ(directory->open_options(other, Timestamp{5})->recovery_point, Offset{0});
}

TEST(DataDirectory, ForgetsWhatCheckpointsSayOfADeletedTopicWhenItsNameIsTakenAgain) {
  sim::SimFileSystem files;
  const TopicPartition first{"orders", PartitionId{0}};
  const TopicPartition second{"orders", PartitionId{1}};
  const TopicPartition other{"other", PartitionId{0}};
  {
    const auto directory = open(files).value();
    ASSERT_TRUE(
        directory->write_recovery_points({{first, Offset{42}}, {second, Offset{43}}, {other, {}}})
            .ok());
    ASSERT_TRUE(directory->write_log_start_offsets({{first, Offset{7}}, {second, Offset{8}}}).ok());

    for (const auto& partition : {first, second}) {
      const OpenOptions options = directory->open_options(partition, Timestamp{5}).value();
      EXPECT_EQ(options.recovery_point, Offset{0});
      EXPECT_EQ(options.log_start_offset, Offset{0});
      ASSERT_TRUE(files.create_directories(directory->log_path(partition)).ok());
    }
  }
  EXPECT_EQ(files.read_all("/data/recovery-point-offset-checkpoint").value(), "0\n1\nother 0 0\n");
  EXPECT_EQ(files.read_all("/data/log-start-offset-checkpoint").value(), "0\n0\n");
  const auto after_a_kill = open(files).value();
  for (const auto& partition : {first, second}) {
    EXPECT_EQ(after_a_kill->open_options(partition, Timestamp{5})->log_start_offset, Offset{0});
  }
}

TEST(DataDirectory, GivesNoOptionsWhenADeletedTopicCannotBeForgotten) {
  sim::SimFileSystem files;
  const TopicPartition orders{"orders", PartitionId{2}};
  const auto directory = open(files).value();
  ASSERT_TRUE(directory->write_log_start_offsets({{orders, Offset{7}}}).ok());
  files.fail_from(1, sim::Fault::kDiskFull);
  EXPECT_EQ(directory->open_options(orders, Timestamp{5}).error().code, ErrorCode::kDiskFull);
}

TEST(OffsetCheckpoint, RefusesWhatIsNoCheckpoint) {
  for (const char* text : {"1\n0\n", "x\n0\n", "0\n2\na 0 1\n", "0\n1\na 0\n", "0\n1\na 0 -1\n",
                           "0\n1\na 0 1x\n", "0\n", "0\n1\n"}) {
    EXPECT_FALSE(decode_offset_checkpoint(text).ok()) << text;
  }
  EXPECT_TRUE(decode_offset_checkpoint("").value().empty());
  EXPECT_TRUE(decode_offset_checkpoint("0\n0\n").value().empty());
}

}  // namespace
}  // namespace millrace::storage
