// Functions of the application that throw: each fails its task, naming the record, and nothing
// else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "streams/streams_builder.h"
#include "streams/testing/test_driver.h"

namespace millrace::streams {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Text = std::string;
using Driver = streams::testing::TestDriver;
using Input = Stream<Text, Text>;

bool throw_for(const Text& value) {
  if (value == "bad") throw std::runtime_error("boom");
  return true;
}

/// Throws where it is told to.
struct ThrowingSerde {
  enum class Where { kEncode, kDecode };
  Where where = Where::kEncode;

  void encode(const Text& value, Buffer& out) const {
    if (where == Where::kEncode) throw_for(value);
    out.append(value);
  }
  Result<Text> decode(std::string_view bytes) const {
    if (where == Where::kDecode) throw_for(Text(bytes));
    return Text(bytes);
  }
};

struct Case {
  std::string_view what;
  std::function<void(const Input&)> build;
};

Text append(const Text& so_far, const Text& value) {
  throw_for(value);
  return so_far + value;
}

const std::vector<Case> kCases{
    {"a predicate",
     [](const Input& in) {
       in.filter([](const Text&, const Text& value) { return throw_for(value); }).to("out");
     }},
    {"a mapper",
     [](const Input& in) {
       in.map_values([](const Text& value) { return throw_for(value) ? value : ""; }).to("out");
     }},
    {"a function that only looks on",
     [](const Input& in) {
       in.peek([](const Text&, const Text& value) { throw_for(value); }).to("out");
     }},
    {"a processor",
     [](const Input& in) {
       in.process<Text, Text>([](const Record<Text, Text>& record, const auto& emit) {
           throw_for(record.value);
           emit(record);
         }).to("out", {.key_serde = StringSerde{}});
     }},
    {"a reducer",
     [](const Input& in) {
       in.group_by_key()
           .reduce([](Text so_far, const Text& value) { return append(so_far, value); })
           .to_stream()
           .to("out");
     }},
    {"an aggregator in a window",
     [](const Input& in) {
       in.group_by_key()
           .windowed_by(TumblingWindows::of_size(Millis{10}))
           .aggregate([] { return Text{}; },
                      [](const Text&, const Text& value, const Text& so_far) {
                        return append(so_far, value);
                      })
           .to_stream()
           .to("out");
     }},
    {"a function of the headers",
     [](const Input& in) {
       in.to("out", {.headers = [](const Record<Text, Text>& record, OutputHeaders&) {
               throw_for(record.value);
             }});
     }},
    {"a serde that encodes", [](const Input& in) {
       in.to("out", {.value_serde = ThrowingSerde{ThrowingSerde::Where::kEncode}});
     }}};

std::unique_ptr<Driver> driver_of(
    const std::function<void(const Input&)>& build, AnySerde<Text> value_serde = {},
    DeserializationPolicy policy = DeserializationPolicy::kLogAndFail) {
  StreamsBuilder builder;
  build(builder.stream<Text, Text>("in", {}, std::move(value_serde)));
  return Driver::create(builder.build().value(), {.partitions = 3, .on_bad_record = policy})
      .value();
}

Status pipe(Driver& driver, std::string_view value, std::int64_t time = 1) {
  return driver.pipe_input("in", "key", value, Timestamp{time}, {}, PartitionId{2});
}

TEST(UserFunction, ThatThrowsFailsTheTaskWithTheRecordsPlace) {
  for (const Case& each : kCases) {
    SCOPED_TRACE(each.what);
    const auto driver = driver_of(each.build);
    ASSERT_TRUE(pipe(*driver, "good").ok());

    const Status failed = pipe(*driver, "bad");

    ASSERT_FALSE(failed.ok());
    EXPECT_THAT(failed.error().message, AllOf(StartsWith("in-2 offset 1: "), HasSubstr("boom")));
  }
}

TEST(UserFunction, MayThrowAnything) {
  const auto driver = driver_of([](const Input& in) {
    in.filter([](const Text&, const Text&) -> bool { throw 42; }).to("out");  // NOLINT: on purpose
  });

  const Status failed = pipe(*driver, "x");

  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().message, StartsWith("in-2 offset 0: "));
}

TEST(UserFunction, ThatInitialisesAnAggregateMayThrow) {
  const auto driver = driver_of([](const Input& in) {
    in.group_by_key()
        .aggregate([]() -> Text { throw std::runtime_error("no beginning"); },
                   [](const Text&, const Text&, const Text& so_far) { return so_far; })
        .to_stream()
        .to("out");
  });

  const Status failed = pipe(*driver, "x");

  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().message, AllOf(StartsWith("in-2 offset 0: "), HasSubstr("beginning")));
}

TEST(UserFunction, BehindAWindowThatClosesFailsWithTheRecordThatClosedIt) {
  const auto driver = driver_of([](const Input& in) {
    in.group_by_key()
        .windowed_by(TumblingWindows::of_size(Millis{10}))
        .emit_strategy(EmitStrategy::kOnWindowClose)
        .count()
        .to_stream()
        .peek([](const auto&, std::int64_t) { throw std::runtime_error("boom"); });
  });
  ASSERT_TRUE(pipe(*driver, "first", 1).ok());

  const Status failed = pipe(*driver, "closes it", 10);

  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().message, AllOf(StartsWith("in-2 offset 1: "), HasSubstr("boom")));
}

TEST(UserFunction, ThatThrowsInDecodingIsABadRecordAsThePolicySays) {
  const ThrowingSerde serde{ThrowingSerde::Where::kDecode};
  const auto build = [](const Input& in) { in.to("out", {.value_serde = StringSerde{}}); };
  const auto strict = driver_of(build, serde);
  const auto lenient = driver_of(build, serde, DeserializationPolicy::kLogAndContinue);

  const Status failed = pipe(*strict, "bad");
  ASSERT_TRUE(pipe(*lenient, "bad").ok());
  ASSERT_TRUE(pipe(*lenient, "good").ok());

  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().message,
              AllOf(StartsWith("in-2 offset 0: value: "), HasSubstr("boom")));
  EXPECT_EQ(lenient->metrics().bad_records_dropped, 1U);
  EXPECT_EQ(lenient->read_output("out").size(), 1U);
}

}  // namespace
}  // namespace millrace::streams
