// The bare round trip of the loopback: two threads send a value there and back over one TCP
// connection, with nothing else to do. What a request and its answer cannot be faster than.
//   loopback_load ROUND_TRIPS VALUE_BYTES
#include <thread>

#include "bench/bare_sockets.h"

namespace millrace::bench {
namespace {

void run(std::int64_t round_trips, std::size_t value_bytes) {
  const auto [listener, port] = listen_on_loopback();
  const int near = connect_to_loopback(port);
  const int far = ::accept(listener, nullptr, nullptr);
  check_call(far >= 0, "accept");
  send_without_delay(near);
  send_without_delay(far);

  std::thread echo([&] {
    std::string value(value_bytes, ' ');
    while (receive(far, value.data(), value.size()) && send_bytes(far, value)) {
    }
  });
  std::string value = value_of(value_bytes);
  Latencies latencies(round_trips);
  for (std::int64_t i = 0; i < round_trips; ++i) {
    latencies.measure([&] {
      check_call(send_bytes(near, value), "send");
      check_call(receive(near, value.data(), value.size()), "receive");
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
