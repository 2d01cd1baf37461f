#include "broker/groups/offsets/log_records.h"

#include <gtest/gtest.h>

#include "broker/coordination/append_queue.h"
#include "broker/groups/coordinator/subscribed_topics.h"
#include "broker/groups/group_world.h"

namespace millrace::broker {
namespace {

std::string bytes_of(std::initializer_list<int> values) {
  std::string bytes;
  for (const int value : values) bytes.push_back(static_cast<char>(value));
  return bytes;
}

TEST(LogRecords, WriteOffsetsInKafkasFormat) {
  const LogRecord record = offset_record(
      "g", {.topic = "t",
            .partition = 2,
            .value = CommittedOffset{
                {.offset = Offset{258}, .leader_epoch = LeaderEpoch{1}, .metadata = "m"},
                Timestamp{3}}});

  EXPECT_EQ(record.key, bytes_of({0, 1, 0, 1, 'g', 0, 1, 't', 0, 0, 0, 2}));
  EXPECT_EQ(record.value, bytes_of({0, 3, 0, 0,   0, 0, 0, 0, 1, 2, 0, 0, 0,
                                    1, 0, 1, 'm', 0, 0, 0, 0, 0, 0, 0, 3}));
}

TEST(LogRecords, WriteTombstonesWithoutAValue) {
  EXPECT_EQ(offset_record("g", {.topic = "t", .partition = 0, .value = {}}).value, std::nullopt);
  const LogRecord tombstone = group_tombstone("g");
  EXPECT_EQ(tombstone.key, bytes_of({0, 2, 0, 1, 'g'}));
  EXPECT_EQ(tombstone.value, std::nullopt);
}

TEST(LogRecords, ReadBackWhatTheyWrote) {
  GroupWorld world;
  const auto members = world.make_stable(2);
  world.commit({.member = members[0],
                .generation = world.group()->generation(),
                .offset = 9,
                .metadata = "m"});

  EXPECT_EQ(picture_of(world.replayed()->state()), picture_of(world.state()));
}

TEST(LogRecords, OfUnknownKindsAreLeftAlone) {
  const auto entry = read_log_record(bytes_of({0, 3, 0, 1, 'g'}), "?");
  ASSERT_TRUE(entry.ok());
  EXPECT_TRUE(std::holds_alternative<LoggedOther>(entry.value()));
}

TEST(LogRecords, ThatAreCutOrBentNeverCrashTheReplay) {
  GroupWorld world;
  const auto members = world.make_stable(2);
  world.commit({.member = members[0], .generation = world.group()->generation(), .offset = 9});
  ASSERT_FALSE(world.log().empty());
  for (const LogRecord& record : world.log()) {
    if (!record.value) continue;
    for (std::size_t cut = 0; cut < record.value->size(); ++cut) {
      GroupCoordinator coordinator({}, Random(1));
      (void)coordinator
          .replay(PartitionId{0}, wire::BatchHeader{}, record.key,
                  std::string_view(*record.value).substr(0, cut))
          .ok();
      coordinator.finish_replay(world.now());
    }
    for (std::size_t bit = 0; bit < record.value->size() * 8; ++bit) {
      std::string bent = *record.value;
      bent[bit / 8] = static_cast<char>(bent[bit / 8] ^ (1 << (bit % 8)));
      GroupCoordinator coordinator({}, Random(1));
      (void)coordinator.replay(PartitionId{0}, wire::BatchHeader{}, record.key, bent).ok();
      coordinator.finish_replay(world.now());
      // Whatever was read, the group can go on from there.
      (void)coordinator.tick({world.now().monotonic + std::chrono::hours{1}, world.now().wall});
    }
    for (std::size_t cut = 0; cut < record.key.size(); ++cut) {
      GroupCoordinator coordinator({}, Random(1));
      (void)coordinator
          .replay(PartitionId{0}, wire::BatchHeader{}, record.key.substr(0, cut), *record.value)
          .ok();
    }
  }
}

TEST(SubscribedTopics, AreReadFromEveryVersion) {
  for (const int version : {0, 1, 3, 99}) {
    const auto topics = subscribed_topics(
        bytes_of({0, version, 0, 0, 0, 2, 0, 1, 'a', 0, 2, 'b', 'c', 1, 2, 3, 4, 5}));
    ASSERT_TRUE(topics.ok()) << version;
    EXPECT_EQ(*topics, (std::vector<std::string>{"a", "bc"}));
  }
}

TEST(SubscribedTopics, RefuseWhatIsNoSubscription) {
  const std::vector<std::pair<std::string_view, std::string>> cases{
      {"nothing", ""},
      {"a version only", bytes_of({0, 1})},
      {"a negative version", bytes_of({255, 255, 0, 0, 0, 0})},
      {"a negative count", bytes_of({0, 1, 255, 255, 255, 255})},
      {"a count beyond the bytes", bytes_of({0, 1, 127, 255, 255, 255, 0, 0})},
      {"a name cut short", bytes_of({0, 1, 0, 0, 0, 1, 0, 5, 'a'})},
      {"a negative name", bytes_of({0, 1, 0, 0, 0, 1, 255, 255})},
  };
  for (const auto& [what, bytes] : cases) EXPECT_FALSE(subscribed_topics(bytes).ok()) << what;
}

TEST(SubscribedTopics, CutOrBentAnywhereNeverHurtTheGroup) {
  const std::string good =
      bytes_of({0, 3, 0,   0, 0, 1, 0, 1, 't', 255, 255, 255, 255, 0, 0, 0,   1,
                0, 1, 't', 0, 0, 0, 1, 0, 0,   0,   0,   0,   0,   0, 7, 255, 255});
  std::vector<std::string> hostile;
  for (std::size_t cut = 0; cut < good.size(); ++cut) hostile.push_back(good.substr(0, cut));
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    hostile.push_back(good);
    hostile.back()[bit / 8] = static_cast<char>(good[bit / 8] ^ (1 << (bit % 8)));
  }
  for (const std::string& metadata : hostile) {
    GroupWorld world;
    const auto token = world.join({.protocols = {{"range", metadata}}, .version = 3});
    const std::string member = world.joined(token).member_id;
    EXPECT_EQ(world.joined(token).members.at(0).metadata, metadata);
    world.sync({.member = member, .generation = 1, .assignments = {{member, metadata}}});
    world.commit({.member = member, .generation = 1, .offset = 1});
    world.advance(std::chrono::hours{1});
    EXPECT_EQ(picture_of(world.replayed()->state()), picture_of(world.state()));
  }
}

TEST(PartitionOfGroup, IsTheOneKafkaComputes) {
  struct Case {
    std::string_view group_id;
    std::int32_t partition;  // of 50, by abs(String.hashCode()) % 50
  };
  // "" hashes to 0, "a" to 97, "group" to 98629247, "ü" to 252, U+1F600 to 1772899,
  // "polygenelubricants" to INT_MIN, of which abs() is taken to be 0.
  for (const Case& each : {Case{"", 0}, Case{"a", 47}, Case{"group", 47}, Case{"\xc3\xbc", 2},
                           Case{"\xf0\x9f\x98\x80", 49}, Case{"polygenelubricants", 0}}) {
    EXPECT_EQ(partition_of(each.group_id, 50), PartitionId{each.partition}) << each.group_id;
  }
}

TEST(AppendQueue, PutsWhatGoesToOnePartitionIntoOneBatch) {
  AppendQueue queue;
  const auto push = [&](std::uint64_t id, std::string group, std::size_t value_bytes) {
    queue.push(
        {AppendId{id}, std::move(group), Timestamp{1}, {{"key", std::string(value_bytes, 'v')}}});
  };
  push(1, "a", 10);  // partition 1 of 2
  push(2, "b", 10);  // partition 0
  push(3, "c", 10);  // partition 1
  push(4, "a", 300'000);
  push(5, "c", 10);

  const auto ids = [](const std::optional<AppendQueue::Batch>& batch) { return batch->ids; };
  const auto first = queue.take(2);
  EXPECT_EQ(first->partition, PartitionId{1});
  EXPECT_EQ(ids(first), (std::vector{AppendId{1}, AppendId{3}}));
  EXPECT_EQ(ids(queue.take(2)), std::vector{AppendId{2}});
  // Too large to share, and not to be overtaken.
  EXPECT_EQ(ids(queue.take(2)), std::vector{AppendId{4}});
  EXPECT_EQ(ids(queue.take(2)), std::vector{AppendId{5}});
  EXPECT_FALSE(queue.take(2).has_value());
}

}  // namespace
}  // namespace millrace::broker
