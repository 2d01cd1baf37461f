#include "io/frame_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "base/byte_order.h"
#include "base/random.h"

namespace millrace::io {
namespace {

std::string with_prefix(std::string_view frame) {
  std::string bytes(4, '\0');
  store_big_endian(bytes.data(), static_cast<std::int32_t>(frame.size()));
  return bytes.append(frame);
}

/// Plays the socket: puts up to `count` of `wire` where the reader wants them.
std::size_t receive(FrameReader& reader, std::span<char> scratch, std::string_view wire,
                    std::size_t count) {
  const FrameReader::Space space = reader.space(scratch);
  const std::size_t into_frame = std::min({count, space.frame.size(), wire.size()});
  wire.copy(space.frame.data(), into_frame);
  wire.remove_prefix(into_frame);
  const std::size_t into_scratch =
      std::min({count - into_frame, space.scratch.size(), wire.size()});
  wire.copy(space.scratch.data(), into_scratch);
  reader.received(into_frame + into_scratch, space.scratch);
  return into_frame + into_scratch;
}

/// Reads `wire` in parts of at most `part` bytes, pausing now and then.
std::vector<std::string> read_all(const std::string& wire, std::size_t part, Random& random) {
  FrameReader reader(1U << 30U);
  std::vector<std::string> frames;
  std::string scratch(300, ' ');
  std::size_t position = 0;
  while (position < wire.size()) {
    const std::size_t count = 1 + static_cast<std::size_t>(random.below(part));
    position += receive(reader, scratch, std::string_view(wire).substr(position), count);
    for (;;) {
      if (random.chance(0.2)) {
        reader.keep_rest();
        std::fill(scratch.begin(), scratch.end(), '#');
      }
      auto frame = reader.next();
      EXPECT_TRUE(frame.ok());
      if (!frame.value()) break;
      frames.emplace_back(frame.value()->view());
    }
  }
  EXPECT_FALSE(reader.is_within_frame());
  return frames;
}

RC_GTEST_PROP(FrameReader, PutsFramesTogetherHoweverTheyAreSplit,
              (std::vector<std::string> frames, std::uint64_t seed)) {
  std::string wire;
  for (const std::string& frame : frames) wire += with_prefix(frame);
  Random random(seed);
  for (const std::size_t part : {1U, 3U, 7U, 1000U}) {
    RC_ASSERT(read_all(wire, part, random) == frames);
  }
}

TEST(FrameReader, ALargeFrameComesThroughPiecesOfAnySize) {
  std::string large(5'000'000, '\0');
  Random random(3);
  for (char& byte : large) byte = static_cast<char>(random.below(256));
  const std::string wire = with_prefix("before") + with_prefix(large) + with_prefix("after");

  for (const std::size_t part : {5'000U, 70'000U, 9'000'000U}) {
    const auto frames = read_all(wire, part, random);
    ASSERT_EQ(frames.size(), 3U);
    EXPECT_TRUE(frames[1] == large);
    EXPECT_EQ(frames[2], "after");
  }
}

TEST(FrameReader, ALengthAloneTakesLittleMemory) {
  FrameReader reader(std::size_t{1} << 30U);
  std::string scratch(1000, ' ');
  const std::string prefix("\x3f\xff\xff\xff", 4);
  receive(reader, scratch, prefix, 4);
  ASSERT_TRUE(reader.next().ok());

  EXPECT_LE(reader.space(scratch).frame.size(), std::size_t{1} << 20U);
}

TEST(FrameReader, MemoryGrowsWithWhatHasArrivedAndNotPastTheFrame) {
  constexpr std::size_t kFrame = 3'500'000;
  const std::string wire = with_prefix(std::string(kFrame, 'x'));
  FrameReader reader(kFrame);
  std::string scratch(1000, ' ');
  std::size_t position = 0;
  while (position < wire.size()) {
    const std::size_t arrived = position;
    position += receive(reader, scratch, std::string_view(wire).substr(position), 1U << 30U);
    EXPECT_LE(position - arrived, std::max(arrived, std::size_t{1} << 20U) + scratch.size());
    auto frame = reader.next();
    ASSERT_TRUE(frame.ok());
    EXPECT_EQ(frame.value().has_value(), position == wire.size());
  }
}

TEST(FrameReader, ALargeFrameGoesIntoMemoryThatIsAtHand) {
  constexpr std::size_t kFrame = 3'500'000;
  const auto memory = std::make_shared<BufferPool>(10'000'000);
  Buffer idle(4'000'000);
  const char* const at = idle.data();
  memory->give_back(std::move(idle));
  FrameReader reader(kFrame, memory);
  std::string scratch(1000, ' ');
  const std::string wire = with_prefix(std::string(kFrame, 'x')) + with_prefix("small");

  receive(reader, scratch, wire, 4);
  ASSERT_TRUE(reader.next().ok());
  EXPECT_EQ(reader.missing_bytes(), kFrame);
  EXPECT_EQ(reader.space(scratch).frame.size(), kFrame);
  receive(reader, scratch, std::string_view(wire).substr(4), 1U << 30U);
  const auto large = reader.next();
  ASSERT_TRUE(large.ok() && large.value());
  EXPECT_EQ(large.value()->data(), at);
  EXPECT_EQ(large.value()->view(), std::string_view(wire).substr(4, kFrame));
  EXPECT_EQ(reader.missing_bytes(), 0U);
  const auto small = reader.next();
  ASSERT_TRUE(small.ok() && small.value());
  EXPECT_EQ(small.value()->view(), "small");
}

TEST(FrameReader, SizesAtTheLimitAreTakenAndThoseBeyondRefused) {
  struct Case {
    std::string wire;
    std::optional<ErrorCode> code;
  };
  for (const Case& each : {Case{with_prefix(std::string(10, 'x')), std::nullopt},
                           Case{with_prefix(std::string(11, 'x')), ErrorCode::kTooLarge},
                           Case{std::string("\xff\xff\xff\xff", 4), ErrorCode::kCorrupt}}) {
    FrameReader reader(10);
    std::string scratch(100, ' ');
    receive(reader, scratch, each.wire, each.wire.size());
    const auto frame = reader.next();
    EXPECT_EQ(frame.ok(), !each.code);
    if (each.code) {
      EXPECT_EQ(frame.error().code, *each.code);
    }
  }
}

}  // namespace
}  // namespace millrace::io
