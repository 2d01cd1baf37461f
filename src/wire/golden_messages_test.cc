// Bytes that another implementation wrote are read as it meant them, and written again as it did.
#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/every_message.h"
#include "wire/message.h"
#include "wire/testing/hex.h"

namespace millrace::wire {
namespace {

struct Golden {
  std::string_view message;
  std::int16_t version;
  std::string_view hex;
  std::string_view json;
};

const std::vector<Golden> kGoldens{
#include "wire/golden_messages.inc"
};

template <class M>
void expect_same(const Golden& golden) {
  const std::string bytes = bytes_of_hex(golden.hex);
  ByteReader reader(bytes);

  const Result<M> message = Codec<M>::decode(reader, golden.version);

  ASSERT_TRUE(message.ok()) << message.error().to_string();
  EXPECT_EQ(reader.remaining(), 0U);
  EXPECT_EQ(Codec<M>::to_json(*message, golden.version), golden.json);
  Buffer again;
  ASSERT_TRUE(Codec<M>::encode(*message, golden.version, again).ok());
  EXPECT_EQ(hex_of_bytes(again.view()), golden.hex);
}

TEST(GoldenMessages, AreReadAndWrittenAsOthersDo) {
  for (const Golden& golden : kGoldens) {
    SCOPED_TRACE(testing::Message() << golden.message << " v" << golden.version);
    bool known = false;
    for_each_message([&](auto type) {
      using M = typename decltype(type)::type;
      if (M::kName != golden.message) return;
      known = true;
      expect_same<M>(golden);
    });
    EXPECT_TRUE(known);
  }
}

TEST(GoldenMessages, CoverBothEndsOfEveryMessage) {
  std::set<std::pair<std::string_view, std::int16_t>> covered;
  for (const Golden& golden : kGoldens) covered.emplace(golden.message, golden.version);

  const auto expect_covered = [&](auto type) {
    using M = typename decltype(type)::type;
    EXPECT_TRUE(covered.contains({M::kName, M::kVersions.min})) << M::kName;
    EXPECT_TRUE(covered.contains({M::kName, M::kVersions.max})) << M::kName;
    if (M::kFlexibleSince > M::kVersions.max) return;
    EXPECT_TRUE(covered.contains({M::kName, M::kFlexibleSince})) << M::kName;
  };
  for_each_message(expect_covered);
}

}  // namespace
}  // namespace millrace::wire
