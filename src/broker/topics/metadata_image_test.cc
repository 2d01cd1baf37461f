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

TEST(MetadataImage, ChangesConfigurationByWhatDiffers) {
  MetadataImage image;
  const TopicConfigs before{{"retention.ms", "5"}, {"segment.ms", "7"}};
  const TopicConfigs after{{"retention.ms", "6"}, {"flush.ms", "8"}};
  image.apply_all(MetadataImage::create_topic({"orders", 1, before}, id_of(1), on_one_node(1)));
  const ConfigResource orders{ConfigResourceType::kTopic, "orders"};

  const auto records = MetadataImage::change_configs(orders, before, after);
  image.apply_all(records);

  EXPECT_EQ(records.size(), 3U);
  EXPECT_EQ(image.find("orders")->configs, after);
  EXPECT_TRUE(MetadataImage::change_configs(orders, after, after).empty());
}

TEST(MetadataImage, AddsPartitionsBehindThoseThatThereAre) {
  MetadataImage image;
  image.apply_all(MetadataImage::create_topic({"orders", 1, {}}, id_of(1), on_one_node(1)));
  image.apply_all(image.bump_leader_epochs());

  image.apply_all(image.add_partitions("orders", on_one_node(2)));

  std::vector<LeaderEpoch> epochs;
  for (const Placement& each : image.find("orders")->partitions)
    epochs.push_back(each.leadership.epoch);
  EXPECT_EQ(epochs, (std::vector{LeaderEpoch{1}, LeaderEpoch{0}, LeaderEpoch{0}}));
  EXPECT_TRUE(image.add_partitions("missing", on_one_node(2)).empty());
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

TEST(MetadataImage, IsMadeAnewWithAllSettings) {
  MetadataImage image;
  image.apply_all(MetadataImage::create_topic({"orders", 1, {{"retention.ms", "5"}}}, id_of(1),
                                              on_one_node(1)));
  image.apply_all(
      MetadataImage::change_configs({ConfigResourceType::kBroker, ""}, {}, {{"log.roll.ms", "7"}}));
  image.apply_all(MetadataImage::change_configs({ConfigResourceType::kGroup, "g"}, {},
                                                {{"consumer.session.timeout.ms", "50000"}}));
  const QuotaEntity entity{{"user", "alice"}, {"client-id", std::nullopt}};
  image.apply_all(MetadataImage::change_quotas(entity, {}, {{"producer_byte_rate", 5}}));
  image.apply(wire::FeatureLevelRecord{"transaction.version", 1});
  image.apply(wire::FeatureLevelRecord{"transaction.version", 2});

  Random random(1);
  MetadataImage again;
  again.apply_all(image.all_records(kNode, random));

  EXPECT_EQ(again.find("orders")->configs, image.find("orders")->configs);
  EXPECT_EQ(again.settings().brokers, image.settings().brokers);
  EXPECT_EQ(again.settings().groups, image.settings().groups);
  EXPECT_EQ(again.settings().quotas, image.settings().quotas);
  EXPECT_EQ(again.settings().features, image.settings().features);
  EXPECT_GE(again.settings().features_epoch, image.settings().features_epoch);
  EXPECT_EQ(image.record_count(), image.all_records(kNode, random).size());
}

}  // namespace
}  // namespace millrace::broker
