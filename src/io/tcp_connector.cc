#include "io/tcp_connector.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "io/system_error.h"

namespace millrace::io {
namespace {

/// A socket that connects to a free local port may, by chance, meet itself.
bool met_itself(int socket) {
  return local_address(socket).to_endpoint() == peer_address(socket).to_endpoint();
}

}  // namespace

TcpConnector::TcpConnector(SocketLoop& loop, Endpoint endpoint,
                           std::function<void(Outcome)> on_done)
    : loop_(loop), endpoint_(std::move(endpoint)), on_done_(std::move(on_done)) {}

TcpConnector::~TcpConnector() {
  loop_.cancel(timer_);
}

void TcpConnector::start(Millis timeout) {
  timer_ = loop_.call_after(timeout, [this, timeout] {
    finish(Error{ErrorCode::kTimeout, fmt::format("cannot connect to {}: no answer within {} ms",
                                                  endpoint_.to_string(), timeout.count())});
  });
  auto on_addresses = life_.guard([this](Result<std::vector<SocketAddress>> found) {
    if (is_done_) return;
    if (!found.ok()) {
      finish(std::move(found).error());
      return;
    }
    addresses_ = std::move(found).value();
    std::reverse(addresses_.begin(), addresses_.end());
    try_next_address();
  });
  auto known = addresses_without_lookup(endpoint_);
  if (known.empty()) {
    loop_.resolve(endpoint_, std::move(on_addresses));
  } else {
    loop_.post([on_addresses, known] { on_addresses(known); });
  }
}

void TcpConnector::try_next_address() {
  while (!addresses_.empty()) {
    const SocketAddress address = addresses_.back();
    addresses_.pop_back();
    auto socket = make_tcp_socket(address);
    if (!socket.ok()) {
      remember_failure(socket.error().detail);
      continue;
    }
    const int fd = socket.value().get();
    if (::connect(fd, address.get(), address.length) == 0 || errno == EINPROGRESS) {
      watch_ = loop_.watch(
          std::move(socket).value(), [] {}, [this] { on_writable(); });
      watch_->await_writable();
      return;
    }
    remember_failure(errno);
  }
  finish(last_failure_ ? *std::move(last_failure_)
                       : system_error("connect to", endpoint_.to_string(), EADDRNOTAVAIL));
}

void TcpConnector::on_writable() {
  int failure = 0;
  socklen_t size = sizeof failure;
  ::getsockopt(watch_->fd(), SOL_SOCKET, SO_ERROR, &failure, &size);
  if (failure == 0 && met_itself(watch_->fd())) failure = ECONNREFUSED;
  if (failure != 0) {
    watch_.reset();
    remember_failure(failure);
    try_next_address();
    return;
  }
  finish(std::exchange(watch_, nullptr)->release());
}

void TcpConnector::remember_failure(int error_number) {
  last_failure_ = system_error("connect to", endpoint_.to_string(), error_number);
  if (last_failure_->code != ErrorCode::kTimeout) last_failure_->code = ErrorCode::kIo;
}

void TcpConnector::finish(Outcome outcome) {
  if (std::exchange(is_done_, true)) return;
  loop_.cancel(std::exchange(timer_, 0));
  watch_.reset();
  // Destroys this object, and with it on_done_: so a copy runs.
  const auto on_done = on_done_;
  on_done(std::move(outcome));
}

}  // namespace millrace::io
