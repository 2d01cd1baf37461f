#include "io/tcp_listener.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "base/log.h"
#include "io/system_error.h"

namespace millrace::io {
namespace {

constexpr int kAcceptsPerTurnMax = 64;
constexpr Millis kRestTime{100};

/// Errors that belong to the connection that was to be accepted, not to the listener.
bool concerns_one_connection(int error_number) {
  switch (error_number) {
    case ECONNABORTED:
    case EINTR:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EPERM:
      return true;
    default:
      return false;
  }
}

}  // namespace

TcpListener::TcpListener(SocketLoop& loop, BoundSockets bound, const std::string& host,
                         OnAccept on_accept)
    : loop_(loop),
      local_{.host = host, .port = bound.port},
      on_accept_(std::make_shared<const OnAccept>(std::move(on_accept))),
      rest_timers_(bound.sockets.size(), 0) {
  for (std::size_t i = 0; i < bound.sockets.size(); ++i) {
    watches_.push_back(loop.watch(
        std::move(bound.sockets[i]), [this, i] { accept_from(i); }, [] {}));
    watches_.back()->await_readable();
  }
}

TcpListener::~TcpListener() {
  for (const TimerId timer : rest_timers_) loop_.cancel(timer);
}

void TcpListener::accept_from(std::size_t index) {
  const auto on_accept = on_accept_;
  const Lifetime::Watch watch = life_.watch();
  for (int accepts = 0; accepts < kAcceptsPerTurnMax; ++accepts) {
    UniqueFd socket(
        ::accept4(watches_[index]->fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.is_open()) {
      (*on_accept)(std::move(socket));
      if (watch.is_over()) return;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    } else if (!concerns_one_connection(errno)) {
      rest_from(index, errno);
      return;
    }
  }
  watches_[index]->await_readable();
}

void TcpListener::rest_from(std::size_t index, int error_number) {
  LOG_WARN("cannot accept a connection; trying again shortly",
           {{"listener", local_.to_string()}, {"reason", system_reason(error_number)}});
  rest_timers_[index] = loop_.call_after(kRestTime, [this, index] {
    rest_timers_[index] = 0;
    watches_[index]->await_readable();
  });
}

}  // namespace millrace::io
