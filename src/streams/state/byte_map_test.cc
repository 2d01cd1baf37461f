#include "streams/state/byte_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"

namespace millrace::streams {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

/// Appends a letter to the old value.
class AppendLetter final : public StateUpdater {
 public:
  explicit AppendLetter(char letter) : letter_(letter) {}
  std::optional<std::string_view> update(std::optional<std::string_view> old) override {
    value_ = std::string(old.value_or(std::string_view{})) + letter_;
    return value_;
  }

 private:
  char letter_;
  std::string value_;
};

using Changes = std::map<std::string, std::optional<std::string>>;
/// Of a commit that succeeds.
Changes take_changes(ByteMap& map) {
  Changes changes;
  map.take_changes([&](std::string_view key, std::optional<std::string_view> value, Timestamp) {
    const bool is_new = changes.emplace(key, value).second;
    EXPECT_TRUE(is_new) << "key shown twice: " << key;
  });
  map.commit();
  return changes;
}

TEST(ByteMap, GivesBackWhatWasPut) {
  ByteMap map;
  map.put("a", "1", Timestamp{5});
  map.put("", "empty key", Timestamp{6});
  map.put("b", "", Timestamp{7});

  EXPECT_EQ(map.find("a")->bytes, "1");
  EXPECT_EQ(map.find("a")->timestamp, Timestamp{5});
  EXPECT_EQ(map.find("")->bytes, "empty key");
  EXPECT_EQ(map.find("b")->bytes, "");
  EXPECT_FALSE(map.find("c").has_value());
  EXPECT_EQ(map.size(), 3U);
}

TEST(ByteMap, ShowsEachChangedKeyOnceAndThenForgetsThatItChanged) {
  ByteMap map;
  map.put("a", "1", Timestamp{1});
  map.put("a", "2", Timestamp{2});
  map.put("b", "3", Timestamp{3});

  EXPECT_THAT(take_changes(map), ElementsAre(Pair("a", "2"), Pair("b", "3")));
  EXPECT_THAT(take_changes(map), IsEmpty());
}

TEST(ByteMap, ShowsAnErasedKeyAsGoneOnlyWhenTheChangelogKnowsIt) {
  ByteMap map;
  map.put("known", "1", Timestamp{1});
  (void)take_changes(map);
  map.put("unknown", "2", Timestamp{2});
  map.erase("unknown");
  map.erase("known");

  EXPECT_THAT(take_changes(map), ElementsAre(Pair("known", std::nullopt)));
  EXPECT_EQ(map.size(), 0U);
}

TEST(ByteMap, KeepsTheLargerTimestampWhenUpdating) {
  ByteMap map;
  AppendLetter append('x');

  EXPECT_EQ(map.update("a", Timestamp{9}, append), Timestamp{9});
  EXPECT_EQ(map.update("a", Timestamp{4}, append), Timestamp{9});
  EXPECT_EQ(map.find("a")->bytes, "xx");
}

TEST(ByteMap, TakesAViewOfItsOwnValueAsTheNewOne) {
  class Doubled final : public StateUpdater {
   public:
    std::optional<std::string_view> update(std::optional<std::string_view> old) override {
      return old ? old->substr(3) : "0123456789012345678901234567890123456789";
    }
  } cut_three;
  ByteMap map;

  map.update("k", Timestamp{1}, cut_three);
  map.update("k", Timestamp{1}, cut_three);

  EXPECT_EQ(map.find("k")->bytes, "3456789012345678901234567890123456789");
}

std::string random_key(Random& random) {
  return std::string(random.below(3) == 0 ? 20 : 1, static_cast<char>('a' + random.below(26))) +
         std::to_string(random.below(40));
}

TEST(ByteMap, EqualsAnOrderedMapOverRandomOperations) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    ByteMap map;
    std::map<std::string, std::string> model;
    std::map<std::string, std::string> changelog;
    for (int step = 0; step < 3000; ++step) {
      const std::string key = random_key(random);
      const std::uint64_t action = random.below(100);
      if (action < 50) {
        const std::string value(random.below(60), static_cast<char>('0' + random.below(10)));
        map.put(key, value, Timestamp{step});
        model[key] = value;
      } else if (action < 70) {
        AppendLetter append('x');
        map.update(key, Timestamp{step}, append);
        model[key] += 'x';
      } else if (action < 98) {
        map.erase(key);
        model.erase(key);
      } else {
        for (const auto& [changed, value] : take_changes(map)) {
          if (value) {
            changelog[changed] = *value;
          } else {
            EXPECT_EQ(changelog.erase(changed), 1U);
          }
        }
        EXPECT_EQ(changelog, model);
      }
    }
    std::map<std::string, std::string> seen;
    map.for_each_sorted(
        [&](std::string_view key, const StoredValue& value) { seen.emplace(key, value.bytes); });
    EXPECT_EQ(seen, model);
    EXPECT_EQ(map.size(), model.size());
  }
}

using Contents = std::map<std::string, std::pair<std::string, std::int64_t>>;
Contents contents_of(const ByteMap& map) {
  Contents contents;
  map.for_each_sorted([&](std::string_view key, const StoredValue& value) {
    contents[std::string(key)] = {std::string(value.bytes), value.timestamp.value()};
  });
  return contents;
}

TEST(ByteMap, HoldsAfterAnAbortWhatItHeldAtTheLastCommit) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    ByteMap map;
    Contents model;
    Contents committed;
    std::map<std::string, std::string> changelog;  // what committed transactions wrote
    std::map<std::string, std::optional<std::string>> pending;
    const auto write = [&] {
      map.take_changes([&](std::string_view key, std::optional<std::string_view> value, Timestamp) {
        pending[std::string(key)] = value;
      });
    };
    for (int step = 0; step < 3000; ++step) {
      const std::string key = random_key(random);
      const std::uint64_t action = random.below(100);
      if (action < 50) {
        const std::string value(random.below(60), static_cast<char>('0' + random.below(10)));
        map.put(key, value, Timestamp{step});
        model[key] = {value, step};
      } else if (action < 65) {
        AppendLetter append('x');
        map.update(key, Timestamp{step}, append);
        model[key] = {model[key].first + 'x', step};
      } else if (action < 92) {
        map.erase(key);
        model.erase(key);
      } else if (action < 95) {
        write();  // and the commit is put off
      } else if (action < 98) {
        write();
        map.commit();
        committed = model;
        for (auto& [changed, value] : pending) {
          if (value) {
            changelog[changed] = *value;
          } else {
            changelog.erase(changed);
          }
        }
        pending.clear();
      } else {
        map.abort();
        pending.clear();
        model = committed;
      }
      ASSERT_EQ(map.size(), model.size());
      if (action < 95) continue;
      EXPECT_EQ(contents_of(map), model);
      EXPECT_EQ(map.has_changes(), false);
      EXPECT_EQ(changelog.size(), committed.size());
      for (const auto& [known, value] : committed) EXPECT_EQ(changelog[known], value.first);
    }
  }
}

TEST(ByteMap, KeepsWhatAnAbortNeedsWhenDeadMemoryIsGivenBack) {
  ByteMap map;
  const std::string long_value(100, 'c');
  for (int i = 0; i < 50; ++i) map.put(std::to_string(i), long_value, Timestamp{1});
  (void)take_changes(map);
  const Contents committed = contents_of(map);
  for (std::size_t round = 0; round < 300; ++round) {
    map.put(std::to_string(round % 50), std::string(10'000 + round * 100, 'x'), Timestamp{2});
  }
  map.erase("7");

  map.abort();

  EXPECT_EQ(contents_of(map), committed);
}

TEST(ByteMap, StaysIntactWhenDeadMemoryIsGivenBack) {
  ByteMap map;
  std::map<std::string, std::string> model;
  for (std::size_t round = 0; round < 200; ++round) {
    const std::string key = std::to_string(round % 10);
    const std::string value(20'000 + round * 200, static_cast<char>('a' + round % 26));
    map.put(key, value, Timestamp{0});
    model[key] = value;
  }
  for (const auto& [key, value] : model) EXPECT_EQ(map.find(key)->bytes, value);
}

}  // namespace
}  // namespace millrace::streams
