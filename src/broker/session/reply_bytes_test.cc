#include "broker/session/reply_bytes.h"

#include <gtest/gtest.h>

#include "sim/sim_file_system.h"

namespace millrace::broker {
namespace {

std::shared_ptr<const io::File> file_of(sim::SimFileSystem& files, const std::string& path,
                                        std::string_view contents) {
  auto file = files.open(path, io::OpenMode::kCreateOrReadWrite);
  EXPECT_TRUE(file.ok());
  EXPECT_TRUE(file.value()->append(contents).ok());
  return std::move(file).value();
}

std::string text_of(const std::variant<io::Chunks, NoReply, CloseConnection>& woven) {
  std::string text;
  for (const auto& chunk : std::get<io::Chunks>(woven)) {
    EXPECT_TRUE(std::holds_alternative<Buffer>(chunk));
    text += std::get<Buffer>(chunk).view();
  }
  return text;
}

TEST(ReplyBytes, WeaveFilesInAtTheirPlaces) {
  sim::SimFileSystem files;
  const auto file = file_of(files, "/log", "0123456789");
  wire::EncodedResponse response;
  response.bytes = Buffer::copy_of("<><>");
  response.splices = {{1, 3}, {3, 2}};

  const auto woven = reply_bytes(std::move(response), {{file, 2, 3}, {file, 8, 2}});

  EXPECT_EQ(text_of(woven), "<234><89>");
}

TEST(ReplyBytes, SendAReplyWithoutFilesAsItIs) {
  wire::EncodedResponse response;
  response.bytes = Buffer::copy_of("abc");
  EXPECT_EQ(text_of(reply_bytes(std::move(response), {})), "abc");
}

TEST(ReplyBytes, CloseTheConnectionWhenAFileIsShorterThanPromised) {
  sim::SimFileSystem files;
  const auto file = file_of(files, "/log", "0123456789");
  wire::EncodedResponse response;
  response.bytes = Buffer::copy_of("<>");
  response.splices = {{1, 30}};

  const auto woven = reply_bytes(std::move(response), {{file, 2, 30}});

  EXPECT_TRUE(std::holds_alternative<CloseConnection>(woven));
}

}  // namespace
}  // namespace millrace::broker
