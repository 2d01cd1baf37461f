// What holds for every message in every version, tried with random contents.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

#include "base/random.h"
#include "wire/every_message.h"
#include "wire/field_types.h"
#include "wire/message.h"

namespace millrace::wire {
namespace {

/// Calls body(std::type_identity<M>{}, version) for every message in every version.
template <class Body>
void for_each_version(Body&& body) {
  for_each_message([&](auto type) {
    using M = typename decltype(type)::type;
    for (int version = M::kVersions.min; version <= M::kVersions.max; ++version) {
      SCOPED_TRACE(testing::Message() << M::kName << " v" << version);
      body(type, static_cast<std::int16_t>(version));
    }
  });
}

template <class M>
std::string encoded(const M& message, std::int16_t version) {
  Buffer out;
  const Status status = Codec<M>::encode(message, version, out);
  EXPECT_TRUE(status.ok()) << status.error().to_string();
  return std::string(out.view());
}

template <class M>
Result<M> decoded(std::string_view bytes, std::int16_t version) {
  ByteReader reader(bytes);
  return Codec<M>::decode(reader, version);
}

TEST(Codec, ReadsBackWhatItWrote) {
  for_each_version([](auto type, std::int16_t version) {
    using M = typename decltype(type)::type;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      Random random(seed);
      const M message = Codec<M>::random(random, version);

      const std::string bytes = encoded(message, version);
      ByteReader reader(bytes);
      const Result<M> back = Codec<M>::decode(reader, version);

      ASSERT_TRUE(back.ok()) << "seed " << seed << ": " << back.error().to_string();
      EXPECT_TRUE(*back == message)
          << "seed " << seed << ": " << Codec<M>::to_json(message, version);
      EXPECT_EQ(reader.remaining(), 0U);
      EXPECT_EQ(Codec<M>::size(message, version), bytes.size());
    }
  });
}

TEST(Codec, RefusesEveryCutMessage) {
  for_each_version([](auto type, std::int16_t version) {
    using M = typename decltype(type)::type;
    Random random(7);
    const std::string bytes = encoded(Codec<M>::random(random, version), version);

    for (std::size_t size = 0; size < bytes.size(); ++size) {
      // A copy of exactly that size, so that a sanitizer sees a read past its end.
      const std::string cut = bytes.substr(0, size);
      EXPECT_FALSE(decoded<M>(cut, version).ok()) << "cut to " << size << " of " << bytes.size();
    }
  });
}

TEST(Codec, SurvivesEveryFlippedBit) {
  for_each_version([](auto type, std::int16_t version) {
    using M = typename decltype(type)::type;
    Random random(11);
    std::string bytes = encoded(Codec<M>::random(random, version), version);

    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      const auto mask = static_cast<char>(1U << (bit % 8));
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ mask);
      const Result<M> result = decoded<M>(bytes, version);
      if (result.ok()) {
        EXPECT_LE(Codec<M>::size(*result, version), 2 * bytes.size() + 64);
      }
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ mask);
    }
  });
}

TEST(Codec, SkipsTaggedFieldsThatItDoesNotKnow) {
  for_each_version([](auto type, std::int16_t version) {
    using M = typename decltype(type)::type;
    if (version < M::kFlexibleSince) return;
    std::string bytes = encoded(M{}, version);
    ASSERT_EQ(bytes.back(), '\0') << "the count of tagged fields ends a message";

    bytes.back() = 2;
    bytes += std::string(
        "\x64\x03"
        "abc",
        5);
    bytes += std::string("\xc8\x01\x00", 3);
    const Result<M> back = decoded<M>(bytes, version);

    ASSERT_TRUE(back.ok()) << back.error().to_string();
    EXPECT_TRUE(*back == M{});
  });
}

TEST(Codec, RefusesVersionsThatAreNotDescribed) {
  for_each_message([](auto type) {
    using M = typename decltype(type)::type;
    for (const int version : {M::kVersions.min - 1, M::kVersions.max + 1}) {
      Buffer out;
      const Status written = Codec<M>::encode(M{}, static_cast<std::int16_t>(version), out);
      const Result<M> read = decoded<M>("", static_cast<std::int16_t>(version));

      ASSERT_FALSE(written.ok());
      EXPECT_EQ(written.error().code, ErrorCode::kUnsupported);
      ASSERT_FALSE(read.ok());
      EXPECT_EQ(read.error().code, ErrorCode::kUnsupported);
    }
  });
}

template <class S>
void expect_tags_ascend() {
  int last = -1;
  S::fields([&](auto member, const Field& field) {
    using T = std::remove_cvref_t<decltype(std::declval<S>().*member)>;
    if (field.is_tagged()) {
      EXPECT_GT(field.tag, last) << field.name;
      last = field.tag;
    }
    if constexpr (StructField<T>) {
      expect_tags_ascend<T>();
    } else if constexpr (VectorField<T>) {
      if constexpr (StructField<typename T::value_type>)
        expect_tags_ascend<typename T::value_type>();
    }
  });
}

TEST(Codec, WritesTaggedFieldsInAscendingOrder) {
  for_each_message([](auto type) {
    using M = typename decltype(type)::type;
    SCOPED_TRACE(M::kName);
    expect_tags_ascend<M>();
  });
}

TEST(Codec, WritesANewMessageInAnOldVersionOrSaysWhyNot) {
  for_each_version([](auto type, std::int16_t version) {
    using M = typename decltype(type)::type;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      Random random(seed);
      const M message = Codec<M>::random(random, M::kVersions.max);
      Buffer out;

      const Status status = Codec<M>::encode(message, version, out);

      if (status.ok()) {
        EXPECT_TRUE(decoded<M>(out.view(), version).ok());
      } else {
        EXPECT_THAT(status.error().code,
                    testing::AnyOf(ErrorCode::kUnsupported, ErrorCode::kInvalidArgument));
      }
    }
  });
}

}  // namespace
}  // namespace millrace::wire
