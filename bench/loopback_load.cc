// The bare round trip of the loopback: two threads send a value there and back over one TCP
// connection, with nothing else to do. What a request and its answer cannot be faster than.
//   loopback_load ROUND_TRIPS VALUE_BYTES
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "bench/load.h"

namespace millrace::bench {
namespace {

void check(bool is_ok, const char* what) {
  if (!is_ok) fail(what);
}

void send_now(int socket) {
  const int on = 1;
  check(setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0, "setsockopt");
}

void write_all(int socket, const std::string& value) {
  check(::write(socket, value.data(), value.size()) == static_cast<ssize_t>(value.size()), "write");
}

bool read_all(int socket, std::string& value) {
  for (std::size_t done = 0; done < value.size();) {
    const ssize_t count = ::read(socket, value.data() + done, value.size() - done);
    if (count <= 0) return false;
    done += static_cast<std::size_t>(count);
  }
  return true;
}

void run(std::int64_t round_trips, std::size_t value_bytes) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);  // NOLINT: what sockets want
  check(::bind(listener, generic, size) == 0 && ::listen(listener, 1) == 0, "listen");
  check(::getsockname(listener, generic, &size) == 0, "getsockname");
  const int near = ::socket(AF_INET, SOCK_STREAM, 0);
  check(::connect(near, generic, size) == 0, "connect");
  const int far = ::accept(listener, nullptr, nullptr);
  check(far >= 0, "accept");
  send_now(near);
  send_now(far);

  std::thread echo([&] {
    std::string value(value_bytes, ' ');
    while (read_all(far, value)) write_all(far, value);
  });
  std::string value = value_of(value_bytes);
  Latencies latencies(round_trips);
  for (std::int64_t i = 0; i < round_trips; ++i) {
    latencies.measure([&] {
      write_all(near, value);
      check(read_all(near, value), "read");
    });
  }
  ::shutdown(near, SHUT_RDWR);
  echo.join();
  for (const int socket : {near, far, listener}) ::close(socket);
  latencies.report();
}

}  // namespace
}  // namespace millrace::bench

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "wanted: {} ROUND_TRIPS VALUE_BYTES\n", argv[0]);
    return 2;
  }
  millrace::bench::run(std::atoll(argv[1]), static_cast<std::size_t>(std::atoll(argv[2])));
  return 0;
}
