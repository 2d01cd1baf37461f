#include "cli/descriptor_stream.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>

#include "base/check.h"
#include "cli/stop_signal.h"

namespace millrace::cli {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{64} << 10U;
/// What a reader that still reads needs at most, to take a little.
constexpr int kStopPatienceMs = 1000;

/// The cookie of a stream.
struct Descriptor {
  int fd;
  std::array<char, kBufferBytes> buffer;  // stdio ignores a size that comes without one
};

/// Waits until `fd` is ready or a stop is asked for; false when it is that.
bool wait_until_ready(int fd, short events) {
  while (!StopSignal::was_requested()) {
    // poll() skips a negative descriptor.
    std::array<pollfd, 2> watched{pollfd{fd, events, 0},
                                  pollfd{StopSignal::descriptor(), POLLIN, 0}};
    if (poll(watched.data(), watched.size(), -1) < 0) continue;  // interrupted
    return watched[1].revents == 0;
  }
  return false;
}

bool has_room_soon(int fd) {
  pollfd watched{fd, POLLOUT, 0};
  return poll(&watched, 1, kStopPatienceMs) > 0;
}

ssize_t read_some(void* cookie, char* into, std::size_t size) {
  const int fd = static_cast<Descriptor*>(cookie)->fd;
  for (;;) {
    if (!wait_until_ready(fd, POLLIN)) {
      errno = EINTR;
      return -1;
    }
    const ssize_t count = read(fd, into, size);
    if (count >= 0) return count;
    if (errno != EAGAIN && errno != EINTR) return -1;
  }
}

/// How much of it went out; when that is not all, errno says why.
ssize_t write_all(void* cookie, const char* from, std::size_t size) {
  const int fd = static_cast<Descriptor*>(cookie)->fd;
  std::size_t done = 0;
  while (done < size) {
    std::size_t part = size - done;
    if (StopSignal::was_requested()) {
      if (!has_room_soon(fd)) {
        errno = EINTR;
        break;
      }
      // What a pipe with room takes without waiting.
      part = std::min<std::size_t>(part, PIPE_BUF);
    }
    const ssize_t count = write(fd, from + done, part);
    if (count >= 0) {
      done += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN) {
      (void)wait_until_ready(fd, POLLOUT);  // a stop is seen above
    } else if (errno != EINTR) {
      break;
    }
  }
  return static_cast<ssize_t>(done);
}

int forget(void* cookie) {
  const std::unique_ptr<Descriptor> owned(static_cast<Descriptor*>(cookie));
  return 0;
}

int buffering(int fd, StreamUse use) {
  if (use == StreamUse::kWriteAtOnce) return _IONBF;
  return use == StreamUse::kWriteBuffered && isatty(fd) == 1 ? _IOLBF : _IOFBF;
}

}  // namespace

OwnedStream open_descriptor_stream(int fd, StreamUse use) {
  auto owned = std::make_unique<Descriptor>();
  owned->fd = fd;
  const bool reads = use == StreamUse::kRead;
  const cookie_io_functions_t functions{.read = reads ? &read_some : nullptr,
                                        .write = reads ? nullptr : &write_all,
                                        .seek = nullptr,
                                        .close = &forget};
  OwnedStream stream(fopencookie(owned.get(), reads ? "r" : "w", functions));
  CHECK(stream != nullptr, "fopencookie: {}", std::strerror(errno));
  Descriptor& descriptor = *owned.release();  // forget() has it now
  (void)std::setvbuf(stream.get(), descriptor.buffer.data(), buffering(fd, use), kBufferBytes);
  return stream;
}

}  // namespace millrace::cli
