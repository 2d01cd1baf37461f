#include "io/socket_loop.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "io/tcp_connector.h"
#include "io/tcp_listener.h"

namespace millrace::io {
namespace {

Result<std::vector<SocketAddress>> resolve_now(const Endpoint& endpoint) {
  auto known = addresses_without_lookup(endpoint);
  if (!known.empty()) return known;
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(endpoint.host.c_str(), nullptr, &hints, &found);
  if (failure != 0) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("cannot listen on {}: the host name does not resolve ({})",
                             endpoint.to_string(), ::gai_strerror(failure))};
  }
  std::vector<SocketAddress> addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    SocketAddress address;
    std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
    address.length = each->ai_addrlen;
    addresses.push_back(address);
  }
  ::freeaddrinfo(found);
  return addresses;
}

/// Accepted sockets inherit it. Failing leaves the system's choice, which works as well.
void limit_send_buffer(int socket, std::size_t bytes) {
  const int wanted = static_cast<int>(std::min<std::size_t>(bytes, 1U << 30U));
  ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof wanted);
}

}  // namespace

SocketLoop::SocketLoop() = default;
SocketLoop::~SocketLoop() = default;

void SocketLoop::drop_connectors() {
  connectors_.clear();
}

Result<std::unique_ptr<Listener>> SocketLoop::listen(
    const Endpoint& endpoint, ListenOptions options,
    std::function<void(std::unique_ptr<Connection>)> on_accept) {
  auto addresses = resolve_now(endpoint);
  if (!addresses.ok()) return std::move(addresses).error();
  const bool share = options.loops_share_port;
  auto bound = listen_on(std::move(addresses).value(), endpoint, share);
  if (!bound.ok() && (endpoint.host == "*" || endpoint.host == "::")) {
    // A machine without IPv6 still has all its IPv4 addresses.
    const Endpoint ipv4{.host = "0.0.0.0", .port = endpoint.port};
    auto ipv4_bound = listen_on(addresses_without_lookup(ipv4), endpoint, share);
    if (ipv4_bound.ok()) bound = std::move(ipv4_bound);
  }
  if (!bound.ok()) return std::move(bound).error();
  if (options.send_buffer_bytes > 0) {
    for (const UniqueFd& socket : bound->sockets) {
      limit_send_buffer(socket.get(), options.send_buffer_bytes);
    }
  }
  return std::unique_ptr<Listener>(
      new TcpListener(*this, std::move(bound).value(), endpoint.host, std::move(on_accept)));
}

void SocketLoop::connect(const Endpoint& endpoint, Millis timeout,
                         std::function<void(Result<std::unique_ptr<Connection>>)> on_done) {
  const std::uint64_t id = ++last_connector_;
  auto connector = std::make_unique<TcpConnector>(
      *this, endpoint,
      [this, id, on_done = std::move(on_done)](Result<std::unique_ptr<Connection>> outcome) {
        connectors_.erase(id);
        on_done(std::move(outcome));
      });
  TcpConnector& started = *connector;
  connectors_.emplace(id, std::move(connector));
  started.start(timeout);
}

}  // namespace millrace::io
