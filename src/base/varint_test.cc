#include "base/varint.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace millrace {
namespace {

std::string bytes_of(std::initializer_list<int> values) {
  std::string bytes;
  for (const int value : values) bytes += static_cast<char>(value);
  return bytes;
}

std::string encoded(std::uint64_t value) {
  std::array<char, kVarint64BytesMax> space{};
  return {space.data(), write_uvarint(space.data(), value)};
}

std::optional<std::uint32_t> decoded32(const std::string& wire) {
  std::uint32_t value = 0;
  const char* const end = read_uvarint32(wire.data(), wire.data() + wire.size(), value);
  return end == nullptr ? std::nullopt : std::optional(value);
}

std::optional<std::uint64_t> decoded64(const std::string& wire) {
  std::uint64_t value = 0;
  const char* const end = read_uvarint64(wire.data(), wire.data() + wire.size(), value);
  return end == nullptr ? std::nullopt : std::optional(value);
}

TEST(Varint, ReadsThirtyTwoBitsAndNoMore) {
  struct Case {
    std::string_view what;
    std::string wire;
    std::optional<std::uint32_t> value;
  };
  const std::vector<Case> cases{
      {"zero", bytes_of({0x00}), 0},
      {"largest of one byte", bytes_of({0x7f}), 127},
      {"smallest of two bytes", bytes_of({0x80, 0x01}), 128},
      {"three hundred", bytes_of({0xac, 0x02}), 300},
      {"largest of all", bytes_of({0xff, 0xff, 0xff, 0xff, 0x0f}), 0xffffffff},
      {"zero with a needless byte", bytes_of({0x80, 0x00}), 0},
      {"no input", bytes_of({}), std::nullopt},
      {"cut in the middle", bytes_of({0x80}), std::nullopt},
      {"cut before the last byte", bytes_of({0xff, 0xff, 0xff, 0xff}), std::nullopt},
      {"the 33rd bit", bytes_of({0xff, 0xff, 0xff, 0xff, 0x1f}), std::nullopt},
      {"six bytes", bytes_of({0x80, 0x80, 0x80, 0x80, 0x80, 0x01}), std::nullopt},
  };
  for (const Case& each : cases) EXPECT_EQ(decoded32(each.wire), each.value) << each.what;
}

TEST(Varint, ReadsSixtyFourBitsAndNoMore) {
  const std::string nine_full(9, '\xff');
  EXPECT_EQ(decoded64(nine_full + '\x01'), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(decoded64(nine_full + '\x02'), std::nullopt);
  EXPECT_EQ(decoded64(nine_full + '\x81'), std::nullopt);
  EXPECT_EQ(decoded64(nine_full), std::nullopt);
  EXPECT_EQ(decoded64(std::string(9, '\x80') + bytes_of({0x81, 0x00})), std::nullopt);
}

TEST(Varint, ZigzagPutsSmallMagnitudesFirst) {
  struct Case {
    std::int64_t value;
    std::uint64_t coded;
  };
  for (const Case& each : {Case{0, 0}, Case{-1, 1}, Case{1, 2}, Case{-2, 3},
                           Case{std::numeric_limits<std::int64_t>::max(), UINT64_MAX - 1},
                           Case{std::numeric_limits<std::int64_t>::min(), UINT64_MAX}}) {
    EXPECT_EQ(zigzag(each.value), each.coded);
    EXPECT_EQ(unzigzag(each.coded), each.value);
  }
  EXPECT_EQ(zigzag(std::numeric_limits<std::int32_t>::min()), UINT32_MAX);
  EXPECT_EQ(unzigzag(UINT32_MAX), std::numeric_limits<std::int32_t>::min());
}

TEST(Varint, SizesMatchWhatIsWrittenAtEveryBoundary) {
  for (unsigned bits = 0; bits < 64; ++bits) {
    for (const std::uint64_t value : {(std::uint64_t{1} << bits) - 1, std::uint64_t{1} << bits}) {
      EXPECT_EQ(encoded(value).size(), uvarint_size(value)) << value;
      EXPECT_EQ(decoded64(encoded(value)), value);
    }
  }
  EXPECT_EQ(encoded(UINT64_MAX).size(), kVarint64BytesMax);
  EXPECT_EQ(encoded(UINT32_MAX).size(), kVarint32BytesMax);
}

RC_GTEST_PROP(Varint, RoundTripsAndEveryPrefixIsRefused, (std::uint64_t value)) {
  const std::string wire = encoded(value);
  RC_ASSERT(decoded64(wire) == std::optional(value));
  for (std::size_t cut = 0; cut < wire.size(); ++cut) {
    RC_ASSERT(!decoded64(wire.substr(0, cut)).has_value());
  }
}

}  // namespace
}  // namespace millrace
