// The metadata log is made shorter when it has grown long, and says the same afterwards: also where
// the power goes in between.
#include "broker/topics/metadata_log.h"

#include <gtest/gtest.h>

#include "broker/testing/core_fixture.h"
#include "sim/sim_file_system.h"

namespace millrace::broker {
namespace {

const BrokerId kThisNode{1};

Uuid topic_id(std::uint8_t number) {
  Uuid id;
  id.bytes[15] = number;
  return id;
}

std::vector<Placement> placed_here(std::size_t count) {
  return std::vector<Placement>(count, place_on({kThisNode}, {kThisNode}));
}

std::string content_of(const MetadataImage& image) {
  std::string text = fmt::format("ids from {};", image.next_producer_id());
  for (const auto& [name, topic] : image.topics()) {
    text += fmt::format(" {} {}", name, topic.id.to_base64());
    for (const auto& [config, value] : topic.configs) text += fmt::format(" {}={}", config, value);
    for (const Placement& each : topic.partitions)
      text += fmt::format(" {}:{} of {} {}", each.leadership.leader, each.leadership.epoch,
                          each.replicas.size(), each.version);
  }
  return text;
}

MetadataImage filled_image() {
  MetadataImage image;
  image.apply_all(
      MetadataImage::create_topic({"a", 3, {{"retention.ms", "5"}}}, topic_id(1), placed_here(3)));
  image.apply_all(image.bump_leader_epochs());
  image.apply_all(MetadataImage::create_topic({"b", 1, {}}, topic_id(2), placed_here(1)));
  image.apply_all(image.remove_topic("b"));
  image.apply_all(MetadataImage::create_topic({"c", 1, {}}, topic_id(3), placed_here(1)));
  image.apply_all(image.reserve_producer_ids(1000, kThisNode));
  return image;
}

TEST(MetadataImage, IsTheSameFromAllOfItsRecordsWhateverWasThereBefore) {
  const MetadataImage image = filled_image();
  Random random(1);
  const auto records = image.all_records(kThisNode, random);
  EXPECT_EQ(records.size(), image.record_count());
  for (MetadataImage other : {MetadataImage{}, filled_image()}) {
    other.apply_all(records);
    EXPECT_EQ(content_of(other), content_of(image));
    EXPECT_EQ(other.removed_names(), image.removed_names());
  }
}

TEST(MetadataImage, IsNotReplacedWhereARecordWasNotUnderstood) {
  MetadataImage image = filled_image();
  image.apply(wire::UnknownMetadataRecord{});
  EXPECT_EQ(image.record_count(), std::nullopt);
}

TEST(MetadataLog, APowerCutAtAnyStepOfItsReplacementLeavesWhatItSaid) {
  const MetadataImage image = filled_image();
  const Timestamp now{1000};
  for (std::uint64_t step = 1;; ++step) {
    sim::SimFileSystem disk;
    Random random(1);
    {
      auto directory = storage::DataDirectory::open(disk, "/data", {});
      ASSERT_TRUE(directory.ok()) << directory.error().to_string();
      auto log = MetadataLog::open(disk, **directory, now);
      ASSERT_TRUE(log.ok());
      ASSERT_TRUE(log->append(image.all_records(kThisNode, random), now).ok());
      disk.fail_from(step, sim::Fault::kIo);
      (void)log->replace_all(image.all_records(kThisNode, random), now).ok();
      if (!disk.fault_hit()) {
        EXPECT_EQ(log->record_count(), image.record_count());
      }
    }
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      const auto after = disk.crash(seed);
      auto directory = storage::DataDirectory::open(*after, "/data", {});
      ASSERT_TRUE(directory.ok()) << directory.error().to_string();
      auto log = MetadataLog::open(*after, **directory, now);
      ASSERT_TRUE(log.ok()) << log.error().to_string();
      MetadataImage again;
      const Status replayed =
          log->replay([&](const wire::MetadataRecord& record) { again.apply(record); });
      ASSERT_TRUE(replayed.ok()) << replayed.error().to_string();
      EXPECT_EQ(content_of(again), content_of(image)) << "step " << step << " seed " << seed;
    }
    if (!disk.fault_hit()) break;
  }
}

class MetadataLogTest : public CoreFixture {
 protected:
  ProducerId next_producer() {
    state().producer_ids.refill();
    return state().producer_ids.next().value();
  }
  std::uint64_t bytes_in_log() {
    std::uint64_t bytes = 0;
    const auto entries = env().files().list("/data/__cluster_metadata-0").value();
    for (const auto& entry : entries) {
      if (entry.name.ends_with(".log"))
        bytes += env().files().read_all("/data/__cluster_metadata-0/" + entry.name)->size();
    }
    return bytes;
  }
};

TEST_F(MetadataLogTest, DoesNotGrowForEverAsTopicsComeAndGo) {
  const auto kept = make_topic("kept", 2, {{"retention.ms", "5"}});
  const ProducerId producer = next_producer();
  std::uint64_t largest = 0;
  for (int round = 0; round < 1500; ++round) {
    make_topic("passing");
    ASSERT_TRUE(state().topics.remove("passing").ok());
    if (round == 500) largest = bytes_in_log();
  }
  EXPECT_LE(bytes_in_log(), 2 * largest);
  EXPECT_FALSE(env().files().exists("/data/__cluster_metadata-0/00000000000000000000.log").value());
  make_topic("last");
  for (const bool is_kill : {true, false}) {
    if (is_kill) {
      restart_after_kill();
    } else {
      restart_cleanly();
    }
    const auto table = state().topics.table();
    ASSERT_NE(table->find("kept"), nullptr);
    EXPECT_EQ(table->find("kept")->id, kept->id);
    EXPECT_EQ(table->find("kept")->configs, kept->configs);
    EXPECT_EQ(table->find("kept")->partitions.size(), 2U);
    EXPECT_NE(table->find("last"), nullptr);
    EXPECT_EQ(table->find("passing"), nullptr);
    EXPECT_GT(next_producer(), producer);
  }
}

}  // namespace
}  // namespace millrace::broker
