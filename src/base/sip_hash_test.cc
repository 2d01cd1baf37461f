#include "base/sip_hash.h"

#include <gtest/gtest.h>

#include <bit>
#include <string>

namespace millrace {
namespace {

constexpr SipKey kReferenceKey{0x0706050403020100U, 0x0f0e0d0c0b0a0908U};

/// The first bytes as the reference implementation prints them, read as a little-endian number.
TEST(SipHash, IsTheReferenceImplementations) {
  const Hash128 empty = sip_hash_128(kReferenceKey, "");
  EXPECT_EQ(empty.low, 0xe6a825ba047f81a3U);
  EXPECT_EQ(empty.high, 0x930255c71472f66dU);
  const Hash128 one = sip_hash_128(kReferenceKey, std::string(1, '\0'));
  EXPECT_EQ(one.low, 0x44af996bd8c187daU);
  EXPECT_EQ(one.high, 0x45fc229b11597634U);
}

TEST(SipHash, EveryByteAndTheKeyCount) {
  for (std::size_t size = 1; size < 40; ++size) {
    const std::string bytes(size, 'x');
    for (std::size_t i = 0; i < size; ++i) {
      std::string other = bytes;
      other[i] = 'y';
      EXPECT_NE(sip_hash_128(kReferenceKey, other), sip_hash_128(kReferenceKey, bytes)) << size;
    }
    EXPECT_NE(sip_hash_128({1, 2}, bytes), sip_hash_128({1, 3}, bytes));
  }
}

}  // namespace
}  // namespace millrace
