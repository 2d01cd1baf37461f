// Window semantics as tables: which window a record falls into, what is late, what is sent when.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/random.h"
#include "streams/streams_builder.h"
#include "streams/testing/test_driver.h"

namespace millrace::streams {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using Text = std::string_view;
using Driver = streams::testing::TestDriver;

Topology windowed_count(TumblingWindows windows, EmitStrategy emit) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .group_by_key()
      .windowed_by(windows)
      .emit_strategy(emit)
      .count({.store_name = "counts"})
      .to_stream()
      .to("out");
  return builder.build().value();
}

/// Each output record as "key@window-start=count t<timestamp>".
std::vector<std::string> read_lines(Driver& driver, Millis window_size) {
  auto output = driver.output<Windowed<std::string>, std::int64_t>(
      "out", WindowedSerde<std::string>(AnySerde<std::string>(), window_size));
  std::vector<std::string> lines;
  for (const auto& record : output.read_all()) {
    lines.push_back(fmt::format("{}@{}={} t{}", record.key.key, record.key.window.start.value(),
                                record.value, record.timestamp.value()));
  }
  return lines;
}

struct Piped {
  std::string key;
  std::int64_t time;
};

struct Case {
  std::string_view what;
  std::int64_t grace;
  EmitStrategy emit;
  std::vector<Piped> piped;
  std::vector<std::string> sent;
  std::uint64_t late = 0;
};

constexpr auto kUpdate = EmitStrategy::kOnWindowUpdate;
constexpr auto kClose = EmitStrategy::kOnWindowClose;

const std::vector<Case> kCases{
    // windows of 10 ms
    {"a window takes its start and not its end",
     0,
     kUpdate,
     {{"a", 0}, {"a", 9}, {"a", 10}},
     {"a@0=1 t0", "a@0=2 t9", "a@10=1 t10"}},
    {"keys are counted apart",
     0,
     kUpdate,
     {{"a", 1}, {"b", 2}, {"a", 3}},
     {"a@0=1 t1", "b@0=1 t2", "a@0=2 t3"}},
    {"without grace a record is late once stream time reaches its window's end",
     0,
     kUpdate,
     {{"a", 9}, {"b", 10}, {"a", 9}},
     {"a@0=1 t9", "b@10=1 t10"},
     1},
    {"a result's timestamp is the largest of its records",
     0,
     kUpdate,
     {{"a", 7}, {"a", 3}},
     {"a@0=1 t7", "a@0=2 t7"}},
    {"grace keeps a window open after its end",
     5,
     kUpdate,
     {{"a", 1}, {"b", 14}, {"a", 2}},
     {"a@0=1 t1", "b@10=1 t14", "a@0=2 t2"}},
    {"at end plus grace the window is closed",
     5,
     kUpdate,
     {{"a", 1}, {"b", 15}, {"a", 2}},
     {"a@0=1 t1", "b@10=1 t15"},
     1},
    {"stream time is that of all keys together",
     0,
     kUpdate,
     {{"b", 100}, {"a", 50}, {"a", 101}},
     {"b@100=1 t100", "a@100=1 t101"},
     1},
    {"on close nothing is sent while the window is open", 5, kClose, {{"a", 1}, {"a", 14}}, {}},
    {"on close a window is sent once, when stream time reaches end plus grace",
     5,
     kClose,
     {{"a", 1}, {"a", 2}, {"b", 14}, {"a", 3}, {"b", 15}},
     {"a@0=3 t3"}},
    {"windows that close together are sent by start, then by key",
     10,
     kClose,
     {{"b", 11}, {"c", 2}, {"a", 12}, {"a", 1}, {"z", 40}},
     {"a@0=1 t1", "c@0=1 t2", "a@10=1 t12", "b@10=1 t11"}},
    {"a window that nobody touched is not sent",
     0,
     kClose,
     {{"a", 1}, {"a", 1000}, {"a", 1010}},
     {"a@0=1 t1", "a@1000=1 t1000"}},
    {"a late record on close is dropped and does not open the window again",
     0,
     kClose,
     {{"a", 1}, {"a", 10}, {"a", 2}, {"a", 20}},
     {"a@0=1 t1", "a@10=1 t10"},
     1},
    {"the record that closes a window is counted in its own",
     0,
     kClose,
     {{"a", 5}, {"a", 10}, {"a", 19}, {"a", 20}},
     {"a@0=1 t5", "a@10=2 t19"}},
};

TEST(Windows, EndNoLaterThanTimeItself) {
  constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  const auto windows = TumblingWindows::of_size(Millis{10}).grace(Millis::max());
  const auto driver = Driver::create(windowed_count(windows, kClose)).value();
  auto input = driver->input<Text, Text>("in");

  input.pipe("a", "x", Timestamp{5});
  input.pipe("a", "x", Timestamp{kLast});
  input.pipe("a", "x", Timestamp{5});

  EXPECT_EQ(driver->metrics().late_records_dropped, 1U);
  EXPECT_EQ(read_lines(*driver, Millis{10}), std::vector<std::string>{"a@0=1 t5"});
  EXPECT_EQ(windows.window_of(Timestamp{kLast}),
            (Window{Timestamp{kLast - kLast % 10}, Timestamp{kLast}}));
}

TEST(Windows, OfAnySizeTakeEveryTime) {
  const auto driver =
      Driver::create(windowed_count(TumblingWindows::of_size(Millis::max()), kUpdate)).value();

  driver->input<Text, Text>("in").pipe("a", "x", Timestamp{5});

  EXPECT_EQ(read_lines(*driver, Millis::max()), std::vector<std::string>{"a@0=1 t5"});
}

TEST(WindowedCount, FollowsItsTable) {
  for (const Case& one : kCases) {
    SCOPED_TRACE(one.what);
    const auto windows = TumblingWindows::of_size(Millis{10}).grace(Millis{one.grace});
    auto driver = Driver::create(windowed_count(windows, one.emit)).value();
    auto input = driver->input<std::string, std::string>("in");

    for (const Piped& piped : one.piped) input.pipe(piped.key, "x", Timestamp{piped.time});

    EXPECT_THAT(read_lines(*driver, Millis{10}), ElementsAreArray(one.sent));
    EXPECT_EQ(driver->metrics().late_records_dropped, one.late);
  }
}

TEST(WindowedCount, DropsAndCountsRecordsWithoutAKey) {
  auto driver =
      Driver::create(windowed_count(TumblingWindows::of_size(Millis{10}), kUpdate)).value();

  driver->input<std::string, std::string>("in").pipe("no key", Timestamp{1});

  EXPECT_TRUE(driver->read_output("out").empty());
  EXPECT_EQ(driver->metrics().null_records_dropped, 1U);
}

TEST(WindowedCount, SendsNoHeadersWithAFinalResultAndThoseOfTheRecordWithAnUpdate) {
  for (const EmitStrategy emit : {kUpdate, kClose}) {
    auto driver =
        Driver::create(windowed_count(TumblingWindows::of_size(Millis{10}), emit)).value();
    ASSERT_TRUE(driver->pipe_input("in", "a", "x", Timestamp{1}, {{"trace", "7"}}).ok());
    ASSERT_TRUE(driver->pipe_input("in", "a", "x", Timestamp{10}, {{"trace", "8"}}).ok());

    const auto sent = driver->read_output("out");

    ASSERT_FALSE(sent.empty());
    EXPECT_EQ(sent[0].headers.size(), emit == kUpdate ? 1U : 0U);
  }
}

/// Counts by the definition: one pass, every window and its lateness computed anew.
class NaiveCount {
 public:
  NaiveCount(std::int64_t size, std::int64_t grace) : size_(size), grace_(grace) {}

  void add(const std::string& key, std::int64_t time) {
    stream_time_ = std::max(stream_time_, time);
    const std::int64_t start = time / size_ * size_;
    if (start + size_ + grace_ <= stream_time_) {
      ++late;
      return;
    }
    ++counts[{start, key}];
  }
  std::vector<std::string> closed() const {
    std::vector<std::string> lines;
    for (const auto& [place, count] : counts) {
      if (place.first + size_ + grace_ > stream_time_) break;
      lines.push_back(fmt::format("{}@{}={}", place.second, place.first, count));
    }
    return lines;
  }

  std::map<std::pair<std::int64_t, std::string>, std::int64_t> counts;
  std::uint64_t late = 0;

 private:
  std::int64_t size_;
  std::int64_t grace_;
  std::int64_t stream_time_ = -1;
};

std::string without_time(const std::string& line) {
  return line.substr(0, line.find(' '));
}

TEST(WindowedCount, EqualsANaiveModelOverRandomOutOfOrderInput) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const auto size = static_cast<std::int64_t>(1 + random.below(50));
    const auto grace = static_cast<std::int64_t>(random.below(100));
    const auto windows = TumblingWindows::of_size(Millis{size}).grace(Millis{grace});
    auto updates = Driver::create(windowed_count(windows, kUpdate)).value();
    auto finals = Driver::create(windowed_count(windows, kClose)).value();
    NaiveCount model(size, grace);

    std::int64_t now = 200;
    for (int i = 0; i < 500; ++i) {
      now += static_cast<std::int64_t>(random.below(10));
      const std::string key(1, static_cast<char>('a' + random.below(5)));
      const std::int64_t time = now - static_cast<std::int64_t>(random.below(200));
      updates->input<std::string, std::string>("in").pipe(key, "x", Timestamp{time});
      finals->input<std::string, std::string>("in").pipe(key, "x", Timestamp{time});
      model.add(key, time);
      if (random.below(100) == 0) {  // all is committed, so a crash must not show
        ASSERT_TRUE(updates->crash_and_restart().ok());
        ASSERT_TRUE(finals->crash_and_restart().ok());
      }
    }

    std::map<std::pair<std::int64_t, std::string>, std::int64_t> last;
    auto output = updates->output<Windowed<std::string>, std::int64_t>(
        "out", WindowedSerde<std::string>(AnySerde<std::string>(), Millis{size}));
    for (const auto& record : output.read_all()) {
      last[{record.key.window.start.value(), record.key.key}] = record.value;
    }
    EXPECT_EQ(last, model.counts);
    EXPECT_EQ(updates->metrics().late_records_dropped, model.late);

    std::vector<std::string> final_lines;
    for (const auto& line : read_lines(*finals, Millis{size})) {
      final_lines.push_back(without_time(line));
    }
    EXPECT_EQ(final_lines, model.closed());
  }
}

TEST(WindowedAggregate, FoldsAndReducesWithinAWindow) {
  StreamsBuilder builder;
  const auto grouped = builder.stream<std::string, std::string>("in").group_by_key().windowed_by(
      TumblingWindows::of_size(Millis{10}));
  grouped
      .aggregate([] { return std::int64_t{0}; },
                 [](const std::string&, const std::string& value, std::int64_t so_far) {
                   return so_far + static_cast<std::int64_t>(value.size());
                 })
      .to_stream()
      .to("sizes");
  grouped.reduce([](std::string so_far, const std::string& value) { return so_far + value; })
      .to_stream()
      .to("joined");
  auto driver = Driver::create(builder.build().value()).value();
  auto input = driver->input<std::string, std::string>("in");

  input.pipe("k", "ab", Timestamp{1});
  input.pipe("k", "cde", Timestamp{2});
  input.pipe("k", "f", Timestamp{10});

  std::vector<std::int64_t> sizes;
  for (const auto& raw : driver->read_output("sizes")) {
    sizes.push_back(AnySerde<std::int64_t>().decode(raw.value).value());
  }
  std::vector<std::string> joined;
  for (const auto& raw : driver->read_output("joined")) joined.push_back(raw.value.value());
  EXPECT_THAT(sizes, ElementsAre(2, 5, 1));
  EXPECT_THAT(joined, ElementsAre("ab", "abcde", "f"));
}

}  // namespace
}  // namespace millrace::streams
