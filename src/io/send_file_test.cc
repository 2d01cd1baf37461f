// Frames of which a part lies in a file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "io/connection.h"
#include "io/posix_file_system.h"
#include "io/testing/loop_fixture.h"

namespace millrace::io {
namespace {

using ::testing::HasSubstr;

class SendFileTest : public LoopTest {
 protected:
  SendFileTest() {
    std::string path = "/tmp/millrace_sendfile_XXXXXX";
    const int fd = ::mkstemp(path.data());
    ::close(fd);
    file_ = make_posix_file_system()->open(path, OpenMode::kReadWrite).value();
    ::unlink(path.c_str());
  }

  Chunks slice(std::uint64_t position, std::uint64_t size) {
    Chunks chunks;
    chunks.emplace_back(Buffer::copy_of("head"));
    chunks.emplace_back(FileSlice{.file = file_, .position = position, .size_bytes = size});
    chunks.emplace_back(Buffer::copy_of("tail"));
    return chunks;
  }

  std::shared_ptr<File> file_;
};

TEST_F(SendFileTest, SlicesOfAGrowingFileArriveBetweenTheirNeighbours) {
  connect_pair();
  Log log;
  server_->start(record_in(log), kTestFrameMax);
  std::string contents;
  std::vector<std::string> wanted;
  // 52 MB, which sockets take in many parts; the last slices are longer than a turn of the loop
  // sends.
  for (std::size_t i = 0; i < 20; ++i) {
    const std::string part = random_bytes(250'000, i);
    ASSERT_TRUE(file_->append(part).ok());
    contents += part;
    const std::size_t position = i * 1000;
    client_->send(slice(position, contents.size() - position));
    wanted.push_back("head" + contents.substr(position) + "tail");
  }

  run_until([&] { return log.frames.size() == wanted.size(); });
  EXPECT_TRUE(log.frames == wanted);
}

TEST_F(SendFileTest, AFileShorterThanPromisedEndsTheConnection) {
  connect_pair();
  Log client_log;
  Log server_log;
  client_->start(record_in(client_log), kTestFrameMax);
  server_->start(record_in(server_log), kTestFrameMax);
  ASSERT_TRUE(file_->append(std::string(1000, 'x')).ok());

  client_->send(slice(500, 501));
  run_until([&] { return client_log.closed && server_log.closed; });

  EXPECT_EQ(client_log.closed->code, ErrorCode::kIo);
  EXPECT_THAT(client_log.closed->message, HasSubstr("ended 1 bytes before"));
  EXPECT_TRUE(server_log.frames.empty());
}

/// A file that has no descriptor, as in simulation.
class FileWithoutHandle final : public File {
 public:
  explicit FileWithoutHandle(std::shared_ptr<File> file) : file_(std::move(file)) {}
  Status append(std::string_view bytes) override { return file_->append(bytes); }
  Status write_at(std::uint64_t position, std::string_view bytes) override {
    return file_->write_at(position, bytes);
  }
  Result<std::size_t> read_at(std::uint64_t position, std::span<char> into) const override {
    return file_->read_at(position, into);
  }
  Status sync() override { return file_->sync(); }
  Status truncate(std::uint64_t size_bytes) override { return file_->truncate(size_bytes); }
  std::uint64_t size() const override { return file_->size(); }
  int native_handle() const override { return -1; }

 private:
  std::shared_ptr<File> file_;
};

TEST_F(SendFileTest, AFileWithoutDescriptorIsReadInstead) {
  connect_pair();
  Log log;
  server_->start(record_in(log), kTestFrameMax);
  const std::string contents = random_bytes(3'000'000, 5);
  ASSERT_TRUE(file_->append(contents).ok());
  file_ = std::make_shared<FileWithoutHandle>(file_);

  client_->send(slice(7, contents.size() - 7));
  client_->send(chunks_of("next"));
  run_until([&] { return log.frames.size() == 2; });

  EXPECT_TRUE(log.frames[0] == "head" + contents.substr(7) + "tail");
  EXPECT_EQ(client_->unsent_bytes(), 0U);
}

}  // namespace
}  // namespace millrace::io
