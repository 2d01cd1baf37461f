#include "streams/serde.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

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

// As written by a version that knew fewer of the members; and one more as a later one would.
const std::string kRequests("\x00\x00\x00\x00\x00\x00\x00\x01", 8);
const std::string kName("\x04name", 5);
const std::string kIsOpen("\x01", 1);
const std::string kShare("\x40\x00\x00\x00\x00\x00\x00\x00", 8);

struct VersionCase {
  std::string_view what;
  std::string bytes;
  Totals value;
};

TEST(StructSerde, ReadsWhatEarlierAndLaterVersionsOfTheStructWrote) {
  struct Defaults : Totals {
    Defaults() : Totals{7, "unnamed", true, 0.5} {}
  };
  const AnySerde<Defaults> serde = StructSerde<Defaults, std::int64_t, std::string, bool, double>(
      &Defaults::requests, &Defaults::name, &Defaults::is_open, &Defaults::share);
  const std::vector<VersionCase> cases{
      {"one member", kRequests, {1, "unnamed", true, 0.5}},
      {"two members", kRequests + kName, {1, "name", true, 0.5}},
      {"an empty string is a member", kRequests + std::string(1, '\0'), {1, "", true, 0.5}},
      {"three members", kRequests + kName + std::string(1, '\0'), {1, "name", false, 0.5}},
      {"all of them", kRequests + kName + kIsOpen + kShare, {1, "name", true, 2}},
      {"one more than are known",
       kRequests + kName + kIsOpen + kShare + "more",
       {1, "name", true, 2}}};
  for (const VersionCase& each : cases) {
    SCOPED_TRACE(each.what);

    const auto decoded = serde.decode(each.bytes);

    ASSERT_TRUE(decoded.ok()) << decoded.error().message;
    EXPECT_EQ(static_cast<const Totals&>(*decoded), each.value);
  }
  EXPECT_EQ(bytes_of(totals_serde(), Totals{1, "name", true, 2}),
            kRequests + kName + kIsOpen + kShare);
}

TEST(StructSerde, RefusesBytesThatWereCutAnywhereButBetweenMembers) {
  const std::string bytes = bytes_of(totals_serde(), Totals{1, "name", true, 2});
  const std::set<std::size_t> between_members{8, 13, 14};

  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(totals_serde().decode(bytes.substr(0, size)).ok(), between_members.contains(size))
        << size;
  }
}

TEST(Serde, AnswersWhatADecoderThrowsAsAnError) {
  struct Throwing {
    void encode(const int& /*value*/, Buffer& /*out*/) const {}
    Result<int> decode(std::string_view /*bytes*/) const { throw std::out_of_range("no such key"); }
  };

  const auto decoded = AnySerde<int>(Throwing{}).decode("x");

  ASSERT_FALSE(decoded.ok());
  EXPECT_NE(decoded.error().message.find("no such key"), std::string::npos);
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
