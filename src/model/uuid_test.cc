#include "model/uuid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace millrace {
namespace {

using ::testing::HasSubstr;

TEST(Uuid, HasTheTextFormOfKafka) {
  Uuid id;
  EXPECT_TRUE(id.is_zero());
  EXPECT_EQ(id.to_base64(), "AAAAAAAAAAAAAAAAAAAAAA");
  for (std::size_t i = 0; i < id.bytes.size(); ++i) id.bytes[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(id.to_base64(), "AAECAwQFBgcICQoLDA0ODw");
  id.bytes.fill(0xff);
  EXPECT_EQ(id.to_base64(), "_____________________w");
}

TEST(Uuid, RoundTripsThroughItsText) {
  Random random(1);
  for (int i = 0; i < 1000; ++i) {
    const Uuid id = Uuid::random(random);
    const auto back = Uuid::from_base64(id.to_base64());
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(*back, id);
  }
}

TEST(Uuid, RandomOnesAreVersionFourAndNeverStartWithADash) {
  Random random(2);
  std::set<Uuid> seen;
  for (int i = 0; i < 5000; ++i) {
    const Uuid id = Uuid::random(random);
    EXPECT_EQ(id.bytes[6] >> 4U, 4);
    EXPECT_EQ(id.bytes[8] >> 6U, 2);
    EXPECT_NE(id.to_base64().front(), '-');
    seen.insert(id);
  }
  EXPECT_EQ(seen.size(), 5000U);
}

TEST(Uuid, OtherTextIsRefusedAndQuoted) {
  for (const std::string text : {"", "short", "AAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAA+A",
                                 "AAAAAAAAAAAAAAAAAAAA=="}) {
    const auto id = Uuid::from_base64(text);
    ASSERT_FALSE(id.ok()) << text;
    EXPECT_EQ(id.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(id.error().message, HasSubstr("\"" + text + "\""));
  }
}

}  // namespace
}  // namespace millrace
