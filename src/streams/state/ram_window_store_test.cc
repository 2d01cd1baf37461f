#include "streams/state/ram_window_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "streams/state/window_key.h"

namespace millrace::streams {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SetTo final : public StateUpdater {
 public:
  explicit SetTo(std::string value) : value_(std::move(value)) {}
  std::optional<std::string_view> update(std::optional<std::string_view> /*old*/) override {
    return value_;
  }

 private:
  std::string value_;
};

class Seen final : public WindowVisitor {
 public:
  void visit(std::string_view key, Timestamp start, const StoredValue& value) override {
    lines.push_back(
        fmt::format("{}@{}={} t{}", key, start.value(), value.bytes, value.timestamp.value()));
  }
  std::vector<std::string> lines;
};

class Log final : public ChangelogWriter {
 public:
  void write(std::string_view key, std::optional<std::string_view> value,
             Timestamp timestamp) override {
    const WindowKey window_key = decode_window_key(key).value();
    lines.push_back(fmt::format("{}@{}={} t{}", window_key.key, window_key.start.value(),
                                value.value_or("null"), timestamp.value()));
    records.push_back(
        {std::string(key), value ? std::optional(std::string(*value)) : std::nullopt, timestamp});
  }
  struct Written {
    std::string key;
    std::optional<std::string> value;
    Timestamp timestamp;
  };
  std::vector<std::string> lines;
  std::vector<Written> records;
};

void set(RamWindowStore& store, std::string_view key, std::int64_t start, std::int64_t time,
         std::string value) {
  SetTo updater(std::move(value));
  EXPECT_NE(store.update(key, Timestamp{start}, Timestamp{time}, updater), kNoTimestamp);
}

void restore(RamWindowStore& store, std::string_view key, std::optional<std::string_view> value,
             Timestamp timestamp) {
  RecordView record;
  record.key = key;
  record.value = value;
  record.timestamp = timestamp;
  ASSERT_TRUE(store.restore({&record, 1}, Offset{1}).ok());
}

void write(RamWindowStore& store, ChangelogWriter& log) {
  ASSERT_TRUE(store.write_changes(log).ok());
  ASSERT_TRUE(store.commit(kNoOffset).ok());
}

void close_through(RamWindowStore& store, std::int64_t start, WindowVisitor* visitor) {
  ASSERT_TRUE(store.close_through(Timestamp{start}, visitor).ok());
}

TEST(RamWindowStore, ShowsClosedWindowsByStartAndThenByKey) {
  RamWindowStore store("s");
  set(store, "b", 10, 12, "1");
  set(store, "b", 0, 3, "2");
  set(store, "a", 10, 11, "3");
  set(store, "c", 20, 21, "4");

  Seen seen;
  close_through(store, 10, &seen);

  EXPECT_THAT(seen.lines, ElementsAre("b@0=2 t3", "a@10=3 t11", "b@10=1 t12"));
  EXPECT_EQ(store.oldest_start(), Timestamp{20});
  EXPECT_EQ(store.entry_count(), 1U);
  EXPECT_FALSE(store.get("b", Timestamp{0}).value().has_value());
}

TEST(RamWindowStore, WritesTombstonesOnlyForWindowsThatTheChangelogKnows) {
  RamWindowStore store("s");
  set(store, "a", 0, 3, "1");
  Log first;
  write(store, first);
  set(store, "b", 0, 4, "2");
  set(store, "a", 10, 13, "3");
  close_through(store, 0, nullptr);

  Log second;
  write(store, second);

  EXPECT_THAT(first.lines, ElementsAre("a@0=1 t3"));
  EXPECT_THAT(second.lines, ElementsAre("a@0=null t3", "a@10=3 t13"));
}

TEST(RamWindowStore, RestoresEqualStateAndStreamTimeFromItsChangelog) {
  RamWindowStore store("s");
  Log log;
  set(store, "a", 0, 3, "1");
  write(store, log);
  set(store, "a", 10, 17, "2");
  set(store, "b", 10, 13, "3");
  close_through(store, 0, nullptr);
  write(store, log);

  RamWindowStore restored("s");
  for (const auto& record : log.records) {
    restore(restored, record.key, record.value, record.timestamp);
  }

  Seen expected;
  EXPECT_TRUE(store.for_each(expected).ok());
  Seen seen;
  EXPECT_TRUE(restored.for_each(seen).ok());
  EXPECT_THAT(seen.lines, ElementsAre("a@10=2 t17", "b@10=3 t13"));
  EXPECT_EQ(seen.lines, expected.lines);
  EXPECT_EQ(restored.largest_timestamp(), Timestamp{17});
  Log nothing;
  write(restored, nothing);
  EXPECT_THAT(nothing.lines, IsEmpty());
}

TEST(WindowKey, IsTheKeyThenTheStartThenAZero) {
  Buffer out;
  const std::string_view bytes = encode_window_key({"ab", Timestamp{0x0102}}, out);

  EXPECT_EQ(bytes, std::string_view("ab\0\0\0\0\0\0\1\2\0\0\0\0", 14));
  EXPECT_FALSE(decode_window_key("too short").has_value());
}

/// A window store made the obvious way: by start and key.
using Model = std::map<std::pair<std::int64_t, std::string>, std::string>;

Model contents_of(const RamWindowStore& store) {
  class Collect final : public WindowVisitor {
   public:
    void visit(std::string_view key, Timestamp start, const StoredValue& value) override {
      contents[{start.value(), std::string(key)}] = std::string(value.bytes);
    }
    Model contents;
  } collect;
  EXPECT_TRUE(store.for_each(collect).ok());
  return collect.contents;
}

TEST(RamWindowStore, HoldsAfterAnAbortWhatItHeldAtTheLastCommit) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    RamWindowStore store("s");
    Model model;
    Model committed;
    std::int64_t closed_last = -1;  // starts up to here are closed
    std::int64_t closed_committed = -1;
    std::int64_t largest_committed = -1;
    std::map<std::string, std::string> changelog;
    std::map<std::string, std::optional<std::string>> pending;
    for (int step = 0; step < 2000; ++step) {
      const std::uint64_t action = random.below(100);
      if (action < 75) {
        const std::int64_t start = closed_last + 1 + static_cast<std::int64_t>(random.below(20));
        const std::string key = std::to_string(random.below(10));
        const std::string value(random.below(40), static_cast<char>('a' + random.below(26)));
        set(store, key, start, start, value);
        model[{start, key}] = value;
      } else if (action < 85) {
        closed_last += static_cast<std::int64_t>(random.below(6));
        close_through(store, closed_last, nullptr);
        model.erase(model.begin(), model.upper_bound({closed_last, "~"}));
      } else {
        Log log;
        ASSERT_TRUE(store.write_changes(log).ok());
        for (auto& record : log.records) pending[record.key] = record.value;
        if (action < 88) continue;  // the commit is put off
        if (action < 94) {
          ASSERT_TRUE(store.commit(Offset{step}).ok());
          committed = model;
          closed_committed = closed_last;
          largest_committed = store.largest_timestamp().value();
          for (auto& [key, value] : pending) {
            if (value) {
              changelog[key] = *value;
            } else {
              changelog.erase(key);
            }
          }
          EXPECT_EQ(store.checkpoint(), Offset{step});
        } else {
          ASSERT_TRUE(store.abort().ok());
          model = committed;
          closed_last = closed_committed;
        }
        pending.clear();
        EXPECT_EQ(contents_of(store), model);
        EXPECT_EQ(store.largest_timestamp(), Timestamp{largest_committed});
        EXPECT_EQ(changelog.size(), committed.size());
      }
    }
  }
}

}  // namespace
}  // namespace millrace::streams
