#include "model/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/byte_writer.h"
#include "model/topic_partition.h"

namespace millrace {
namespace {

using ::testing::ElementsAre;

Buffer wire_of(const std::vector<HeaderView>& headers) {
  Buffer buffer;
  ByteWriter writer(buffer);
  for (const HeaderView& header : headers) {
    writer.varint(static_cast<std::int32_t>(header.key.size()));
    writer.bytes(header.key);
    writer.varint(header.value ? static_cast<std::int32_t>(header.value->size()) : -1);
    if (header.value) writer.bytes(*header.value);
  }
  return buffer;
}

TEST(HeadersView, DecodesInOrderWithNullAndEmptyValuesApart) {
  const std::vector<HeaderView> headers{{"a", "1"}, {"", ""}, {"b", std::nullopt}, {"a", "2"}};
  const Buffer wire = wire_of(headers);
  const HeadersView view(4, wire.view());

  EXPECT_EQ(view.count(), 4);
  EXPECT_THAT(view.to_vector(), ElementsAre(headers[0], headers[1], headers[2], headers[3]));
  EXPECT_EQ(view.wire_bytes(), wire.view());
}

TEST(HeadersView, FindsTheLastOfAName) {
  const Buffer wire = wire_of({{"a", "1"}, {"b", std::nullopt}, {"a", "2"}});
  const HeadersView view(3, wire.view());

  EXPECT_EQ(view.find_last("a"), "2");
  EXPECT_EQ(view.find_last("b"), std::nullopt);
  EXPECT_EQ(view.find_last("c"), std::nullopt);
}

TEST(HeadersView, NoneIsTheDefault) {
  EXPECT_EQ(HeadersView{}.count(), 0);
  EXPECT_TRUE(HeadersView{}.to_vector().empty());
}

TEST(HeaderCursor, TakesTheHeadersOneByOne) {
  const std::vector<HeaderView> headers{{"a", "1"}, {"b", std::nullopt}, {"a", ""}};
  const Buffer wire = wire_of(headers);
  HeaderCursor cursor(HeadersView(3, wire.view()));

  for (const HeaderView& header : headers) EXPECT_EQ(cursor.next(), header);
  EXPECT_EQ(cursor.next(), std::nullopt);
}

TEST(HeadersViewDeathTest, BytesThatWereNotValidatedAbort) {
  const Buffer wire = wire_of({{"key", "value"}});
  const HeadersView cut(1, wire.view().substr(0, 5));
  EXPECT_DEATH((void)cut.to_vector(), "validated");
}

TEST(TopicPartition, PrintsAsKafkaNamesTheFolderAndOrdersByTopicFirst) {
  const TopicPartition a{"a", PartitionId{10}};
  const TopicPartition b{"b", PartitionId{2}};
  EXPECT_EQ(fmt::format("{}", a), "a-10");
  EXPECT_LT(a, b);
  EXPECT_NE(std::hash<TopicPartition>{}(a), std::hash<TopicPartition>{}(b));
}

TEST(Offset, CountsRecordsBetweenTwo) {
  EXPECT_EQ(Offset{10} + 5, Offset{15});
  EXPECT_EQ(Offset{15} - Offset{10}, 5);
  EXPECT_LT(kNoOffset, Offset{0});
}

}  // namespace
}  // namespace millrace
