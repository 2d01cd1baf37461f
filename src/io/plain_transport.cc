#include <sys/sendfile.h>
#include <sys/socket.h>

#include <cerrno>

#include "io/system_error.h"
#include "io/transport.h"

namespace millrace::io {
namespace {

bool would_block(int error_number) {
  return error_number == EAGAIN || error_number == EWOULDBLOCK;
}

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(int socket) : socket_(socket) {}

  Moved read(std::span<const iovec> into) override {
    wants_ = Readiness::kReadable;
    for (;;) {
      const ssize_t count = ::readv(socket_, into.data(), static_cast<int>(into.size()));
      if (count >= 0) return std::optional(static_cast<std::size_t>(count));
      if (would_block(errno)) return std::optional<std::size_t>{};
      if (errno != EINTR) return system_error("read from", "the connection", errno);
    }
  }

  Moved write(std::span<const iovec> from, Follows follows) override {
    wants_ = Readiness::kWritable;
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(from.data());
    message.msg_iovlen = from.size();
    const int more = follows == Follows::kMore ? MSG_MORE : 0;
    for (;;) {
      const ssize_t count = ::sendmsg(socket_, &message, MSG_NOSIGNAL | MSG_DONTWAIT | more);
      if (count >= 0) return std::optional(static_cast<std::size_t>(count));
      if (would_block(errno)) return std::optional<std::size_t>{};
      if (errno != EINTR) return system_error("write to", "the connection", errno);
    }
  }

  Readiness wants() const override { return wants_; }
  bool has_buffered() const override { return false; }
  bool can_send_files() const override { return true; }

  Moved send_file(const File& file, std::uint64_t position, std::size_t size_bytes) override {
    wants_ = Readiness::kWritable;
    for (;;) {
      auto at = static_cast<off_t>(position);
      const ssize_t count = ::sendfile(socket_, file.native_handle(), &at, size_bytes);
      if (count >= 0) return std::optional(static_cast<std::size_t>(count));
      if (would_block(errno)) return std::optional<std::size_t>{};
      if (errno != EINTR) return system_error("send a file to", "the connection", errno);
    }
  }

  void end_writing() override { ::shutdown(socket_, SHUT_WR); }

 private:
  const int socket_;
  Readiness wants_ = Readiness::kReadable;
};

}  // namespace

std::unique_ptr<Transport> make_plain_transport(int socket) {
  return std::make_unique<PlainTransport>(socket);
}

}  // namespace millrace::io
