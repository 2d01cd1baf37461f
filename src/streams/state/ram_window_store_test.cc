#include "streams/state/ram_window_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

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
  store.update(key, Timestamp{start}, Timestamp{time}, updater);
}

TEST(RamWindowStore, ShowsClosedWindowsByStartAndThenByKey) {
  RamWindowStore store("s");
  set(store, "b", 10, 12, "1");
  set(store, "b", 0, 3, "2");
  set(store, "a", 10, 11, "3");
  set(store, "c", 20, 21, "4");

  Seen seen;
  store.close_through(Timestamp{10}, &seen);

  EXPECT_THAT(seen.lines, ElementsAre("b@0=2 t3", "a@10=3 t11", "b@10=1 t12"));
  EXPECT_EQ(store.oldest_start(), Timestamp{20});
  EXPECT_EQ(store.entry_count(), 1U);
  EXPECT_FALSE(store.get("b", Timestamp{0}).has_value());
}

TEST(RamWindowStore, WritesTombstonesOnlyForWindowsThatTheChangelogKnows) {
  RamWindowStore store("s");
  set(store, "a", 0, 3, "1");
  Log first;
  store.write_changes(first);
  set(store, "b", 0, 4, "2");
  set(store, "a", 10, 13, "3");
  store.close_through(Timestamp{0}, nullptr);

  Log second;
  store.write_changes(second);

  EXPECT_THAT(first.lines, ElementsAre("a@0=1 t3"));
  EXPECT_THAT(second.lines, ElementsAre("a@0=null t3", "a@10=3 t13"));
}

TEST(RamWindowStore, RestoresEqualStateAndStreamTimeFromItsChangelog) {
  RamWindowStore store("s");
  Log log;
  set(store, "a", 0, 3, "1");
  store.write_changes(log);
  set(store, "a", 10, 17, "2");
  set(store, "b", 10, 13, "3");
  store.close_through(Timestamp{0}, nullptr);
  store.write_changes(log);

  RamWindowStore restored("s");
  for (const auto& record : log.records) {
    restored.restore(record.key, record.value, record.timestamp);
  }

  Seen expected;
  store.for_each(expected);
  Seen seen;
  restored.for_each(seen);
  EXPECT_THAT(seen.lines, ElementsAre("a@10=2 t17", "b@10=3 t13"));
  EXPECT_EQ(seen.lines, expected.lines);
  EXPECT_EQ(restored.largest_timestamp(), Timestamp{17});
  Log nothing;
  restored.write_changes(nothing);
  EXPECT_THAT(nothing.lines, IsEmpty());
}

TEST(WindowKey, IsTheKeyThenTheStartThenAZero) {
  Buffer out;
  const std::string_view bytes = encode_window_key({"ab", Timestamp{0x0102}}, out);

  EXPECT_EQ(bytes, std::string_view("ab\0\0\0\0\0\0\1\2\0\0\0\0", 14));
  EXPECT_FALSE(decode_window_key("too short").has_value());
}

}  // namespace
}  // namespace millrace::streams
