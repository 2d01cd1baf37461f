#include "client/producer/produce_answers.h"

#include <gtest/gtest.h>

namespace millrace::client {
namespace {

using Topic = wire::ProduceResponse::TopicProduceResponse;
using Part = wire::ProduceResponse::PartitionProduceResponse;

Part part(std::int32_t index, std::int64_t base_offset) {
  Part made;
  made.index = index;
  made.base_offset = base_offset;
  return made;
}

Topic topic(std::string name, Uuid id, std::vector<Part> parts) {
  Topic made;
  made.name = std::move(name);
  made.topic_id = id;
  made.partition_responses = std::move(parts);
  return made;
}

const Uuid kFirst{{1}};
const Uuid kSecond{{2}};

TEST(ProduceAnswers, FindsPartitionsByTheNameOfTheirTopicWhateverTheOrder) {
  wire::ProduceResponse response;
  response.responses = {topic("b", {}, {part(1, 11), part(0, 10)}), topic("a", {}, {part(0, 20)})};
  const ProduceAnswers answers(response);

  EXPECT_EQ(answers.find({"b", PartitionId{0}}, kFirst)->base_offset, 10);
  EXPECT_EQ(answers.find({"b", PartitionId{1}}, kFirst)->base_offset, 11);
  EXPECT_EQ(answers.find({"a", PartitionId{0}}, kSecond)->base_offset, 20);
  EXPECT_EQ(answers.find({"a", PartitionId{1}}, kSecond), nullptr);
  EXPECT_EQ(answers.find({"c", PartitionId{0}}, kSecond), nullptr);
}

TEST(ProduceAnswers, FindsPartitionsByTheIdOfTheirTopic) {
  wire::ProduceResponse response;
  response.responses = {topic("", kSecond, {part(0, 20)}), topic("", kFirst, {part(0, 10)})};
  const ProduceAnswers answers(response);

  EXPECT_EQ(answers.find({"a", PartitionId{0}}, kFirst)->base_offset, 10);
  EXPECT_EQ(answers.find({"b", PartitionId{0}}, kSecond)->base_offset, 20);
  EXPECT_EQ(answers.find({"b", PartitionId{1}}, kSecond), nullptr);
  EXPECT_EQ(answers.find({"b", PartitionId{0}}, Uuid{{3}}), nullptr);
}

}  // namespace
}  // namespace millrace::client
