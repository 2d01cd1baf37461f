#include "io/tcp_network.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "io/tcp_byte_stream.h"
#include "io/tcp_connection.h"
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

std::unique_ptr<Transport> transport_on(int socket, const TransportFactory& factory) {
  return factory == nullptr ? make_plain_transport(socket) : factory(socket);
}

/// Makes a TcpConnection or a TcpByteStream of a socket.
template <class Made>
std::unique_ptr<Made> make_on(SocketLoop& loop, UniqueFd socket, const TransportFactory& factory) {
  auto transport = transport_on(socket.get(), factory);
  return std::make_unique<Made>(loop, std::move(socket), std::move(transport));
}

}  // namespace

TcpNetwork::TcpNetwork(SocketLoop& loop) : loop_(loop) {}
TcpNetwork::~TcpNetwork() = default;

Result<std::unique_ptr<Listener>> TcpNetwork::listen(const Endpoint& endpoint,
                                                     ListenOptions options,
                                                     OnAccept<Connection> on_accept) {
  return listen_on_sockets(
      endpoint, options,
      [this, transport = options.transport, on_accept = std::move(on_accept)](UniqueFd socket) {
        on_accept(make_on<TcpConnection>(loop_, std::move(socket), transport));
      });
}

Result<std::unique_ptr<Listener>> TcpNetwork::listen_for_streams(const Endpoint& endpoint,
                                                                 ListenOptions options,
                                                                 OnAccept<ByteStream> on_accept) {
  return listen_on_sockets(
      endpoint, options,
      [this, transport = options.transport, on_accept = std::move(on_accept)](UniqueFd socket) {
        on_accept(make_on<TcpByteStream>(loop_, std::move(socket), transport));
      });
}

Result<std::unique_ptr<Listener>> TcpNetwork::listen_on_sockets(const Endpoint& endpoint,
                                                                const ListenOptions& options,
                                                                OnSocket on_accept) {
  auto addresses = resolve_now(endpoint);
  if (!addresses.ok()) return std::move(addresses).error();
  auto bound = listen_on(std::move(addresses).value(), endpoint, options.sharing);
  if (!bound.ok() && (endpoint.host == "*" || endpoint.host == "::")) {
    // A machine without IPv6 still has all its IPv4 addresses.
    const Endpoint ipv4{.host = "0.0.0.0", .port = endpoint.port};
    auto ipv4_bound = listen_on(addresses_without_lookup(ipv4), endpoint, options.sharing);
    if (ipv4_bound.ok()) bound = std::move(ipv4_bound);
  }
  if (!bound.ok()) return std::move(bound).error();
  if (options.send_buffer_bytes > 0) {
    for (const UniqueFd& socket : bound->sockets) {
      limit_send_buffer(socket.get(), options.send_buffer_bytes);
    }
  }
  return std::unique_ptr<Listener>(
      new TcpListener(loop_, std::move(bound).value(), endpoint.host, std::move(on_accept)));
}

void TcpNetwork::connect(const Endpoint& endpoint, ConnectOptions options,
                         OnConnect<Connection> on_done) {
  connect_socket(endpoint, options.timeout,
                 [this, transport = std::move(options.transport),
                  on_done = std::move(on_done)](Result<UniqueFd> socket) {
                   if (!socket.ok()) return on_done(std::move(socket).error());
                   on_done(std::unique_ptr<Connection>(
                       make_on<TcpConnection>(loop_, std::move(socket).value(), transport)));
                 });
}

void TcpNetwork::connect_stream(const Endpoint& endpoint, ConnectOptions options,
                                OnConnect<ByteStream> on_done) {
  connect_socket(endpoint, options.timeout,
                 [this, transport = std::move(options.transport),
                  on_done = std::move(on_done)](Result<UniqueFd> socket) {
                   if (!socket.ok()) return on_done(std::move(socket).error());
                   on_done(std::unique_ptr<ByteStream>(
                       make_on<TcpByteStream>(loop_, std::move(socket).value(), transport)));
                 });
}

void TcpNetwork::connect_socket(const Endpoint& endpoint, Millis timeout, OnConnected on_done) {
  const std::uint64_t id = ++last_connector_;
  auto connector = std::make_unique<TcpConnector>(
      loop_, endpoint, [this, id, on_done = std::move(on_done)](Result<UniqueFd> outcome) {
        connectors_.erase(id);
        on_done(std::move(outcome));
      });
  TcpConnector& started = *connector;
  connectors_.emplace(id, std::move(connector));
  started.start(timeout);
}

}  // namespace millrace::io
