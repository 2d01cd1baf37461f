#include "io/socket_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>

#include "base/byte_order.h"
#include "io/system_error.h"

namespace millrace::io {
namespace {

constexpr int kBacklog = 1024;
constexpr int kFreePortTriesMax = 16;

SocketAddress make_ipv4(in_addr address, std::uint16_t port) {
  sockaddr_in ipv4{};
  ipv4.sin_family = AF_INET;
  ipv4.sin_addr = address;
  ipv4.sin_port = byte_swapped(port);
  SocketAddress result;
  std::memcpy(&result.storage, &ipv4, sizeof ipv4);
  result.length = sizeof ipv4;
  return result;
}

SocketAddress make_ipv6(const in6_addr& address, std::uint16_t port) {
  sockaddr_in6 ipv6{};
  ipv6.sin6_family = AF_INET6;
  ipv6.sin6_addr = address;
  ipv6.sin6_port = byte_swapped(port);
  SocketAddress result;
  std::memcpy(&result.storage, &ipv6, sizeof ipv6);
  result.length = sizeof ipv6;
  return result;
}

bool set_option(int socket, int level, int option, int value) {
  return ::setsockopt(socket, level, option, &value, sizeof value) == 0;
}

Error listen_error(const Endpoint& name, int error_number) {
  Error error = system_error("listen on", name.to_string(), error_number);
  error.code = ErrorCode::kIo;
  if (error_number == EADDRINUSE) {
    error.message = fmt::format(
        "cannot listen on {0}: the port is in use; stop the program that has it (ss -ltnp 'sport = "
        ":{1}' names it) or choose another port (0 takes a free one)",
        name.to_string(), name.port);
  } else if (error_number == EACCES) {
    error.message += "; ports below 1024 need privileges, choose a higher one";
  } else if (error_number == EADDRNOTAVAIL) {
    error.message += "; this machine has no such address (ip address lists those it has)";
  }
  return error;
}

bool family_is_missing(int error_number) {
  return error_number == EAFNOSUPPORT || error_number == EADDRNOTAVAIL;
}

Result<UniqueFd> listen_at(const SocketAddress& address, const Endpoint& name,
                           PortSharing sharing) {
  auto socket = make_tcp_socket(address);
  if (!socket.ok()) return listen_error(name, socket.error().detail);
  const int fd = socket.value().get();
  in6_addr bound{};
  if (address.family() == AF_INET6) {
    sockaddr_in6 ipv6{};
    std::memcpy(&ipv6, &address.storage, sizeof ipv6);
    bound = ipv6.sin6_addr;
  }
  const bool is_any_ipv6 =
      address.family() == AF_INET6 && std::memcmp(&bound, &in6addr_any, sizeof bound) == 0;
  bool done = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (sharing == PortSharing::kAmongLoops)
    done = done && set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (address.family() == AF_INET6) {
    done = done && set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, is_any_ipv6 ? 0 : 1);
  }
  done = done && ::bind(fd, address.get(), address.length) == 0 && ::listen(fd, kBacklog) == 0;
  if (!done) return listen_error(name, errno);
  return socket;
}

Result<BoundSockets> listen_once(std::vector<SocketAddress>& addresses, const Endpoint& name,
                                 PortSharing sharing) {
  BoundSockets bound;
  bound.port = name.port;
  std::optional<Error> missing;
  for (SocketAddress& address : addresses) {
    address.set_port(bound.port);
    auto socket = listen_at(address, name, sharing);
    if (!socket.ok()) {
      if (!family_is_missing(socket.error().detail)) return std::move(socket).error();
      missing = socket.error();
      continue;
    }
    bound.port = local_address(socket.value().get()).to_endpoint().port;
    bound.sockets.push_back(std::move(socket).value());
  }
  if (bound.sockets.empty() && missing) return *std::move(missing);
  return bound;
}

}  // namespace

void SocketAddress::set_port(std::uint16_t port) {
  // Both families keep the port at the same place.
  static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
  const std::uint16_t swapped = byte_swapped(port);
  std::memcpy(reinterpret_cast<char*>(&storage) + offsetof(sockaddr_in, sin_port), &swapped,
              sizeof swapped);
}

Endpoint SocketAddress::to_endpoint() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (family() == AF_INET) {
    sockaddr_in ipv4{};
    std::memcpy(&ipv4, &storage, sizeof ipv4);
    ::inet_ntop(AF_INET, &ipv4.sin_addr, text.data(), text.size());
    return {.host = text.data(), .port = byte_swapped(ipv4.sin_port)};
  }
  if (family() == AF_INET6) {
    sockaddr_in6 ipv6{};
    std::memcpy(&ipv6, &storage, sizeof ipv6);
    ::inet_ntop(AF_INET6, &ipv6.sin6_addr, text.data(), text.size());
    std::string_view host = text.data();
    if (host.starts_with("::ffff:") && host.find('.') != std::string_view::npos) {
      host.remove_prefix(7);  // an IPv4 peer of a socket for both families
    }
    return {.host = std::string(host), .port = byte_swapped(ipv6.sin6_port)};
  }
  return {};
}

std::vector<SocketAddress> addresses_without_lookup(const Endpoint& endpoint) {
  const std::string& host = endpoint.host;
  if (host == "localhost") {
    return {make_ipv4({byte_swapped(std::uint32_t{INADDR_LOOPBACK})}, endpoint.port),
            make_ipv6(in6addr_loopback, endpoint.port)};
  }
  if (host == "*" || host == "::") return {make_ipv6(in6addr_any, endpoint.port)};
  in_addr ipv4{};
  if (::inet_pton(AF_INET, host.c_str(), &ipv4) == 1) return {make_ipv4(ipv4, endpoint.port)};
  in6_addr ipv6{};
  if (::inet_pton(AF_INET6, host.c_str(), &ipv6) == 1) return {make_ipv6(ipv6, endpoint.port)};
  return {};
}

Result<UniqueFd> make_tcp_socket(const SocketAddress& address) {
  UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return system_error("make a socket for", address.to_endpoint().host, errno);
  return fd;
}

SocketAddress local_address(int socket) {
  SocketAddress address;
  address.length = sizeof address.storage;
  ::getsockname(socket, address.get(), &address.length);
  return address;
}

SocketAddress peer_address(int socket) {
  SocketAddress address;
  address.length = sizeof address.storage;
  ::getpeername(socket, address.get(), &address.length);
  return address;
}

Result<BoundSockets> listen_on(std::vector<SocketAddress> addresses, const Endpoint& name,
                               PortSharing sharing) {
  for (int tries = 1;; ++tries) {
    auto bound = listen_once(addresses, name, sharing);
    // With port 0 the first address chose; the choice may be taken on the second.
    const bool unlucky = !bound.ok() && name.port == 0 && bound.error().detail == EADDRINUSE;
    if (!unlucky || tries == kFreePortTriesMax) return bound;
  }
}

}  // namespace millrace::io
