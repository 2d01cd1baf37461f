// Blocking TCP over the loopback in bare system calls, as the bare programs use it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "bench/load.h"

namespace millrace::bench {

inline sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// What sockets want.
inline sockaddr* generic(sockaddr_in& address) {
  return reinterpret_cast<sockaddr*>(&address);
}

/// Listens on a port that is free; gives the socket and the port.
inline std::pair<int, int> listen_on_loopback() {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  check_call(::bind(listener, generic(address), size) == 0 && ::listen(listener, SOMAXCONN) == 0,
             "listen");
  check_call(::getsockname(listener, generic(address), &size) == 0, "getsockname");
  return {listener, ntohs(address.sin_port)};
}

inline int connect_to_loopback(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = loopback(port);
  check_call(::connect(socket, generic(address), sizeof(address)) == 0, "connect");
  return socket;
}

inline void send_without_delay(int socket) {
  const int on = 1;
  check_call(::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0, "setsockopt");
}

/// Receives just `size` bytes. Like the broker it is woken once for what is missing of a large
/// frame, and not by each packet. False when the peer is gone.
inline bool receive(int socket, char* into, std::size_t size) {
  constexpr std::size_t kWakeBytesMin = std::size_t{64} << 10U;
  constexpr std::size_t kWakeBytesMax = std::size_t{4} << 20U;
  const auto wake_at = [socket](std::size_t bytes) {
    const int wanted = static_cast<int>(bytes);
    check_call(::setsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, &wanted, sizeof(wanted)) == 0,
               "lowat");
  };
  const bool is_large = size >= kWakeBytesMin;
  while (size > 0) {
    if (is_large) {
      // Not in a recv that waits: what it has taken early would be missed in what it waits for.
      wake_at(std::min(size, kWakeBytesMax));
      pollfd readable{.fd = socket, .events = POLLIN, .revents = 0};
      check_call(::poll(&readable, 1, -1) == 1, "poll");
    }
    const ssize_t count = ::recv(socket, into, size, is_large ? MSG_DONTWAIT : 0);
    if (count <= 0) return false;
    into += count;
    size -= static_cast<std::size_t>(count);
  }
  if (is_large) wake_at(1);
  return true;
}

/// False when the peer is gone.
inline bool send_bytes(int socket, std::string_view bytes, int flags = 0) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket, bytes.data(), bytes.size(), flags | MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

/// False when the peer is gone.
inline bool send_of_file(int socket, int file, std::uint64_t position, std::size_t size) {
  auto at = static_cast<off_t>(position);
  while (size > 0) {
    const ssize_t count = ::sendfile(socket, file, &at, size);
    if (count <= 0) return false;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

}  // namespace millrace::bench
