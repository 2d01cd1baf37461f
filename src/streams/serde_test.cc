#include "streams/serde.h"

#include <gtest/gtest.h>

#include <limits>

#include "streams/windows.h"

namespace millrace::streams {
namespace {

template <class T>
std::string bytes_of(const AnySerde<T>& serde, const T& value) {
  Buffer scratch;
  return std::string(serde.bytes_of(value, scratch).value());
}

TEST(Serde, WritesIntegersAndDoublesAsKafkaDoes) {
  EXPECT_EQ(bytes_of(AnySerde<std::int64_t>(), std::int64_t{258}),
            std::string("\0\0\0\0\0\0\1\2", 8));
  EXPECT_EQ(bytes_of(AnySerde<std::int32_t>(), std::int32_t{-1}), "\xff\xff\xff\xff");
  EXPECT_EQ(bytes_of(AnySerde<double>(), 1.0), std::string("\x3f\xf0\0\0\0\0\0\0", 8));
}

TEST(Serde, RefusesAnIntegerOfTheWrongSize) {
  EXPECT_EQ(AnySerde<std::int64_t>().decode("1234567").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(AnySerde<std::int32_t>().decode("").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(AnySerde<double>().decode("123456789").error().code, ErrorCode::kCorrupt);
}

struct Totals {
  std::int64_t requests = 0;
  std::string name;
  bool is_open = false;
  double share = 0;
  bool operator==(const Totals&) const = default;
};

AnySerde<Totals> totals_serde() {
  return struct_serde(&Totals::requests, &Totals::name, &Totals::is_open, &Totals::share);
}

TEST(StructSerde, GivesBackWhatItWrote) {
  const Totals totals{std::numeric_limits<std::int64_t>::min(), "näme", true, -2.5};

  EXPECT_EQ(totals_serde().decode(bytes_of(totals_serde(), totals)).value(), totals);
}

TEST(StructSerde, RefusesBytesThatWereCutAnywhere) {
  const std::string bytes = bytes_of(totals_serde(), Totals{1, "name", true, 2});

  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(totals_serde().decode(bytes.substr(0, size)).ok()) << size;
  }
}

TEST(Serde, CarriesNullOnlyWhenTheTypeIsOptional) {
  const AnySerde<std::optional<std::int64_t>> optional;
  Buffer scratch;

  EXPECT_FALSE(optional.bytes_of(std::nullopt, scratch).has_value());
  EXPECT_EQ(optional.decode(std::nullopt).value(), std::nullopt);
  EXPECT_EQ(optional.decode(std::string_view("\0\0\0\0\0\0\0\7", 8)).value(), 7);
  EXPECT_FALSE(AnySerde<std::int64_t>().decode(std::nullopt).ok());
}

TEST(Serde, IsEmptyForATypeThatHasNone) {
  EXPECT_TRUE(AnySerde<Totals>().empty());
  EXPECT_TRUE(AnySerde<std::optional<Totals>>().empty());
  EXPECT_FALSE(AnySerde<std::optional<std::string>>().empty());
}

TEST(WindowedSerde, WritesTheKeyThenTheStartAndIsPlacedByTheKeyAlone) {
  const AnySerde<Windowed<std::string>> serde(
      WindowedSerde<std::string>(AnySerde<std::string>(), Millis{10}));
  const Windowed<std::string> key{"ab", {Timestamp{256}, Timestamp{266}}};

  const std::string bytes = bytes_of(serde, key);

  EXPECT_EQ(bytes, std::string("ab\0\0\0\0\0\0\1\0", 10));
  EXPECT_EQ(serde.partition_bytes(bytes), "ab");
  EXPECT_EQ(serde.decode(bytes).value(), key);
  EXPECT_FALSE(serde.decode("short").ok());
}

}  // namespace
}  // namespace millrace::streams
