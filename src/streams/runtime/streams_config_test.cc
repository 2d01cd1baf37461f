#include "streams/runtime/streams_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace millrace::streams {
namespace {

using ::testing::HasSubstr;

client::Properties with(std::string name, std::string value) {
  client::Properties properties{{"application.id", "app"}, {"bootstrap.servers", "127.0.0.1:9092"}};
  properties.set(std::move(name), std::move(value));
  return properties;
}

TEST(StreamsConfig, ReadsItsOwnPropertiesAndDealsTheRestToTheClients) {
  client::Properties properties = with("commit.interval.ms", "250");
  properties.set("num.stream.threads", "3")
      .set("deserialization.exception.handler", "log-and-continue")
      .set("linger.ms", "7")
      .set("max.poll.records", "50");

  const StreamsConfig config = StreamsConfig::from(properties).value();

  EXPECT_EQ(config.application_id, "app");
  EXPECT_EQ(config.threads, 3);
  EXPECT_EQ(config.commit_interval, Millis{250});
  EXPECT_EQ(config.on_bad_record, DeserializationPolicy::kLogAndContinue);
  EXPECT_EQ(*config.producer.find("linger.ms"), "7");
  EXPECT_FALSE(config.consumer.contains("linger.ms"));
  EXPECT_EQ(*config.consumer.find("max.poll.records"), "50");
  for (const client::Properties* each : {&config.consumer, &config.producer, &config.admin}) {
    EXPECT_EQ(*each->find("bootstrap.servers"), "127.0.0.1:9092");
  }
}

TEST(StreamsConfig, StartsFromTheEarliestOffsetUnlessToldOtherwise) {
  const auto by_default = StreamsConfig::from(with("poll.ms", "10"));
  const auto told = StreamsConfig::from(with("auto.offset.reset", "latest"));

  EXPECT_EQ(*by_default->consumer.find("auto.offset.reset"), "earliest");
  EXPECT_EQ(*told->consumer.find("auto.offset.reset"), "latest");
}

TEST(StreamsConfig, LetsAPrefixChooseTheClient) {
  client::Properties properties = with("request.timeout.ms", "1000");
  properties.set("producer.request.timeout.ms", "2000");

  const StreamsConfig config = StreamsConfig::from(properties).value();

  EXPECT_EQ(*config.producer.find("request.timeout.ms"), "2000");
  EXPECT_EQ(*config.consumer.find("request.timeout.ms"), "1000");
}

TEST(StreamsConfig, NamesWhatIsWrong) {
  struct Case {
    std::string name;
    std::string value;
    std::string_view message;
  };
  const std::vector<Case> cases{
      {"application.id", "a b", "property application.id: wanted"},
      {"num.stream.threads", "0", "wanted an integer from 1 to 1024, found \"0\""},
      {"commit.interval.ms", "soon", "property commit.interval.ms: wanted an integer"},
      {"deserialization.exception.handler", "shrug", "log-and-fail or log-and-continue"},
      {"group.id", "mine", "streams sets it itself"},
      {"enable.auto.commit", "true", "streams sets it itself"},
      {"linger.msec", "5", "linger"},
  };
  for (const Case& one : cases) {
    const auto config = StreamsConfig::from(with(one.name, one.value));
    ASSERT_FALSE(config.ok()) << one.name;
    EXPECT_EQ(config.error().code, ErrorCode::kInvalidArgument) << one.name;
    EXPECT_THAT(config.error().message, HasSubstr(one.message)) << one.name;
  }
}

TEST(StreamsConfig, NeedsAnApplicationId) {
  const auto config = StreamsConfig::from({{"bootstrap.servers", "127.0.0.1:9092"}});

  ASSERT_FALSE(config.ok());
  EXPECT_THAT(config.error().message, HasSubstr("application.id is missing"));
}

}  // namespace
}  // namespace millrace::streams
