#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/connection.h"
#include "io/socket_address.h"

namespace millrace::io {
namespace {

TEST(Endpoint, IsParsedAndPrintedAlike) {
  for (const std::string text :
       {"localhost:9092", "127.0.0.1:0", "[::1]:65535", "broker-1.example.org:1"}) {
    const auto endpoint = Endpoint::parse(text);
    ASSERT_TRUE(endpoint.ok()) << text;
    EXPECT_EQ(endpoint->to_string(), text);
  }
  EXPECT_EQ(Endpoint::parse("[::1]:9092")->host, "::1");
}

TEST(Endpoint, OtherTextIsRefusedWithAnExample) {
  for (const std::string text : {"", "localhost", ":9092", "localhost:", "localhost:65536",
                                 "localhost:-1", "localhost:9x", "::1:9092", "[::1]", "[]:1"}) {
    const auto endpoint = Endpoint::parse(text);
    ASSERT_FALSE(endpoint.ok()) << text;
    EXPECT_EQ(endpoint.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(endpoint.error().message, ::testing::HasSubstr("localhost:9092"));
  }
}

TEST(SocketAddress, NumbersAndLocalhostNeedNoLookup) {
  const auto hosts = [](const std::string& host) {
    std::vector<std::string> found;
    for (const SocketAddress& each : addresses_without_lookup({.host = host, .port = 7})) {
      found.push_back(each.to_endpoint().to_string());
    }
    return found;
  };
  using ::testing::ElementsAre;
  EXPECT_THAT(hosts("localhost"), ElementsAre("127.0.0.1:7", "[::1]:7"));
  EXPECT_THAT(hosts("10.1.2.3"), ElementsAre("10.1.2.3:7"));
  EXPECT_THAT(hosts("2001:db8::1"), ElementsAre("[2001:db8::1]:7"));
  EXPECT_THAT(hosts("::ffff:1.2.3.4"), ElementsAre("1.2.3.4:7"));
  EXPECT_THAT(hosts("*"), ElementsAre("[::]:7"));
  EXPECT_THAT(hosts("example.org"), ElementsAre());
}

TEST(Chunks, KnowTheirSize) {
  Chunks chunks = one_chunk(Buffer::copy_of("abc"));
  chunks.emplace_back(std::make_shared<const Buffer>(Buffer::copy_of("defg")));
  chunks.emplace_back(BufferSlice{.buffer = nullptr, .position = 3, .size_bytes = 5});
  chunks.emplace_back(FileSlice{.file = nullptr, .position = 1, .size_bytes = 100});
  EXPECT_EQ(size_bytes(chunks), 112U);
}

TEST(Chunks, AreInterleavedWithTheBytesBetweenThem) {
  struct Cut {
    std::size_t position;
  };
  const auto text_of = [](const Chunks& chunks) {
    std::string text;
    for (const Chunk& chunk : chunks) {
      if (const auto* const slice = std::get_if<BufferSlice>(&chunk)) {
        text += slice->buffer->view().substr(slice->position, slice->size_bytes);
      } else {
        text += std::get<Buffer>(chunk).view();
      }
    }
    return text;
  };
  const auto interleaved = [&](const std::vector<std::size_t>& positions) {
    std::vector<Cut> cuts;
    Chunks parts;
    for (const std::size_t position : positions) {
      cuts.push_back({position});
      parts.emplace_back(Buffer::copy_of("[" + std::to_string(position) + "]"));
    }
    return text_of(interleave(Buffer::copy_of("abcd"), cuts, std::move(parts)));
  };
  EXPECT_EQ(interleaved({}), "abcd");
  EXPECT_EQ(interleaved({1, 3}), "a[1]bc[3]d");
  EXPECT_EQ(interleaved({0, 0, 4}), "[0][0]abcd[4]");
}

}  // namespace
}  // namespace millrace::io
