// Addresses and sockets of TCP, as the system calls want them.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/network.h"
#include "io/unique_fd.h"

namespace millrace::io {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
  void set_port(std::uint16_t port);
  /// The address in numbers.
  Endpoint to_endpoint() const;
};

/// The addresses of a host that need no name service: numeric ones, "localhost" (both families,
/// IPv4 first) and, for listening, "*". Empty for any other name.
std::vector<SocketAddress> addresses_without_lookup(const Endpoint& endpoint);

/// A non-blocking socket that closes on exec.
Result<UniqueFd> make_tcp_socket(const SocketAddress& address);
SocketAddress local_address(int socket);
SocketAddress peer_address(int socket);

struct BoundSockets {
  std::vector<UniqueFd> sockets;
  std::uint16_t port = 0;
};

/// Listens on all of `addresses` with one port; with port 0 with one that is free on all of them.
/// Addresses of a family that this machine lacks are left out as long as one is left.
/// name  what the user asked for, for messages
Result<BoundSockets> listen_on(std::vector<SocketAddress> addresses, const Endpoint& name,
                               PortSharing sharing);

}  // namespace millrace::io
