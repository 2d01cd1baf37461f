#include "wire/crc32c.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"

namespace millrace::wire {
namespace {

std::string random_bytes(Random& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.next());
  return bytes;
}

// source  RFC 3720 appendix B.4, and the CRC catalogue's check value
TEST(Crc32c, GivesThePublishedValues) {
  std::string ascending;
  for (int i = 0; i < 32; ++i) ascending.push_back(static_cast<char>(i));
  struct Case {
    std::string bytes;
    std::uint32_t crc;
  };
  const std::vector<Case> cases{{"", 0},
                                {"123456789", 0xe3069283},
                                {std::string(32, '\0'), 0x8a9136aa},
                                {std::string(32, '\xff'), 0x62a8ab43},
                                {ascending, 0x46dd794e}};
  for (const Case& one : cases) {
    EXPECT_EQ(crc32c(one.bytes), one.crc);
    EXPECT_EQ(internal::crc32c_software(one.bytes, 0), one.crc);
  }
}

TEST(Crc32c, HardwareAndSoftwareAgreeAtEveryLengthAndAlignment) {
  if (!internal::crc32c_has_hardware()) GTEST_SKIP() << "no SSE4.2 here";
  Random random(1);
  const std::string bytes = random_bytes(random, 40000);
  for (std::size_t size = 0; size < 2000; ++size) {
    const auto view = std::string_view(bytes).substr(size % 17, size);
    ASSERT_EQ(internal::crc32c_hardware(view, 7), internal::crc32c_software(view, 7)) << size;
  }
  for (int i = 0; i < 200; ++i) {
    const auto view = std::string_view(bytes).substr(random.below(64), random.below(39000));
    ASSERT_EQ(internal::crc32c_hardware(view, 0), internal::crc32c_software(view, 0));
  }
}

TEST(Crc32c, FoldingAndSoftwareAgreeAtEveryLengthAndAlignment) {
  if (!internal::crc32c_has_folding()) GTEST_SKIP() << "no AVX-512 here";
  Random random(3);
  const std::string bytes = random_bytes(random, 40000);
  for (std::size_t size = internal::kFoldedBytesMin; size < 2000; ++size) {
    const auto view = std::string_view(bytes).substr(size % 67, size);
    ASSERT_EQ(internal::crc32c_folding(view, 7), internal::crc32c_software(view, 7)) << size;
  }
  for (int i = 0; i < 200; ++i) {
    const auto view = std::string_view(bytes).substr(random.below(64), 256 + random.below(39000));
    ASSERT_EQ(internal::crc32c_folding(view, 0), internal::crc32c_software(view, 0));
  }
}

TEST(Crc32c, ContinuesFromWhatCameBefore) {
  Random random(2);
  const std::string bytes = random_bytes(random, 5000);
  const std::string_view view = bytes;
  for (std::size_t cut = 0; cut <= bytes.size(); cut += 37) {
    ASSERT_EQ(crc32c(view.substr(cut), crc32c(view.substr(0, cut))), crc32c(view)) << cut;
  }
}

}  // namespace
}  // namespace millrace::wire
