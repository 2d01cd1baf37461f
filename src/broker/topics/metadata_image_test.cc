#include "broker/topics/metadata_image.h"

#include <gtest/gtest.h>

namespace millrace::broker {
namespace {

const BrokerId kNode{1};

std::vector<Placement> on_one_node(std::size_t count) {
  return std::vector<Placement>(count, place_on({kNode}, {kNode}));
}

Uuid id_of(std::uint8_t number) {
  Uuid id;
  id.bytes[15] = number;
  return id;
}

TEST(MetadataImage, HoldsATopicOnceItsRecordsAreApplied) {
  MetadataImage image;

  image.apply_all(MetadataImage::create_topic({"orders", 3, {{"retention.ms", "5"}}}, id_of(1),
                                              on_one_node(3)));

  const TopicImage* const topic = image.find("orders");
  ASSERT_NE(topic, nullptr);
  EXPECT_EQ(topic->id, id_of(1));
  EXPECT_EQ(topic->partitions, on_one_node(3));
  EXPECT_EQ(topic->configs, (TopicConfigs{{"retention.ms", "5"}}));
}

TEST(MetadataImage, RemembersDeletedNamesUntilTheyAreMadeAgain) {
  MetadataImage image;
  image.apply_all(MetadataImage::create_topic({"orders", 1, {}}, id_of(1), on_one_node(1)));

  image.apply_all(image.remove_topic("orders"));
  EXPECT_EQ(image.find("orders"), nullptr);
  EXPECT_TRUE(image.removed_names().contains("orders"));

  image.apply_all(MetadataImage::create_topic({"orders", 1, {}}, id_of(2), on_one_node(1)));
  EXPECT_EQ(image.find("orders")->id, id_of(2));
  EXPECT_FALSE(image.removed_names().contains("orders"));
}

TEST(MetadataImage, BumpsTheEpochOfEveryPartition) {
  MetadataImage image;
  image.apply_all(MetadataImage::create_topic({"orders", 2, {}}, id_of(1), on_one_node(2)));

  image.apply_all(image.bump_leader_epochs());
  image.apply_all(image.bump_leader_epochs());

  for (const Placement& placement : image.find("orders")->partitions) {
    EXPECT_EQ(placement.leadership, (Leadership{kNode, LeaderEpoch{2}}));
    EXPECT_EQ(placement.version, 2);
  }
}

TEST(MetadataImage, ReservesProducerIdsOneBlockAfterAnother) {
  MetadataImage image;
  image.apply_all(image.reserve_producer_ids(1000, kNode));
  EXPECT_EQ(image.next_producer_id(), 1000);
  image.apply_all(image.reserve_producer_ids(1000, kNode));
  EXPECT_EQ(image.next_producer_id(), 2000);
}

TEST(MetadataImage, PassesOverRecordsAboutNothing) {
  MetadataImage image;

  image.apply(wire::UnknownMetadataRecord{99, 1});
  image.apply(wire::RemoveTopicRecord{id_of(9)});
  wire::PartitionRecord stray;
  stray.topic_id = id_of(9);
  stray.partition_id = 2'000'000'000;
  image.apply(stray);

  EXPECT_TRUE(image.topics().empty());
}

}  // namespace
}  // namespace millrace::broker
