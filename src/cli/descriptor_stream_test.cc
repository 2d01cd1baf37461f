#include "cli/descriptor_stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <thread>

#include "cli/stop_signal.h"
#include "io/unique_fd.h"

namespace millrace::cli {
namespace {

/// A pipe with both ends as an impatient parent leaves them.
struct NonBlockingPipe {
  NonBlockingPipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC), 0);
    read_end = io::UniqueFd(ends[0]);
    write_end = io::UniqueFd(ends[1]);
  }
  io::UniqueFd read_end;
  io::UniqueFd write_end;
};

std::string read_to_the_end(std::FILE* stream) {
  std::string text;
  std::array<char, 4096> part{};
  while (const std::size_t count = std::fread(part.data(), 1, part.size(), stream)) {
    text.append(part.data(), count);
  }
  return text;
}

TEST(DescriptorStream, BothEndsOfANonBlockingPipeWaitForEachOther) {
  NonBlockingPipe pipe;
  const std::string sent(1'000'000, 'x');
  std::string received;
  std::thread reader([&] {
    const auto in = open_descriptor_stream(pipe.read_end.get(), StreamUse::kRead);
    received = read_to_the_end(in.get());
  });

  auto out = open_descriptor_stream(pipe.write_end.get(), StreamUse::kWriteBuffered);
  EXPECT_EQ(std::fwrite(sent.data(), 1, sent.size(), out.get()), sent.size());
  EXPECT_EQ(std::fflush(out.get()), 0);
  out.reset();
  pipe.write_end = io::UniqueFd();
  reader.join();

  EXPECT_EQ(received, sent);
}

TEST(DescriptorStream, LeavesTheDescriptorOpenAndItsFlagsAlone) {
  NonBlockingPipe pipe;
  { const auto out = open_descriptor_stream(pipe.write_end.get(), StreamUse::kWriteAtOnce); }

  const int flags = ::fcntl(pipe.write_end.get(), F_GETFL);

  ASSERT_GE(flags, 0);
  EXPECT_NE(flags & O_NONBLOCK, 0);
}

TEST(DescriptorStream, SaysWhyItCannotGoOn) {
  const io::UniqueFd folder(::open("/", O_RDONLY | O_CLOEXEC));
  const auto in = open_descriptor_stream(folder.get(), StreamUse::kRead);
  errno = 0;
  EXPECT_EQ(std::fgetc(in.get()), EOF);
  EXPECT_EQ(errno, EISDIR);
}

TEST(DescriptorStream, AStopEndsTheWaitForInput) {
  NonBlockingPipe pipe;
  const StopSignal stop;
  const auto in = open_descriptor_stream(pipe.read_end.get(), StreamUse::kRead);
  ASSERT_EQ(std::raise(SIGTERM), 0);

  errno = 0;
  EXPECT_EQ(std::fgetc(in.get()), EOF);
  EXPECT_EQ(errno, EINTR);
}

}  // namespace
}  // namespace millrace::cli
