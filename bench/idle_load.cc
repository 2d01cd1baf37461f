// Many connections that do nothing: each has one request answered, and then all are held until the
// input of this program ends.
//   idle_load HOST:PORT CONNECTIONS    on the loopback; prints how many there are once they are
#include <cstdio>
#include <string>

#include "base/byte_order.h"
#include "bench/bare_sockets.h"
#include "wire/frame.h"
#include "wire/messages/api_versions.h"

namespace millrace::bench {
namespace {

std::string framed_request() {
  wire::ApiVersionsRequest message;
  message.client_software_name = "idle-load";
  message.client_software_version = "1";
  wire::RequestHeader header;
  header.api_version = wire::ApiVersionsRequest::kFlexibleSince;
  const auto request = wire::encode_request(header, message);
  if (!request.ok()) fail(request.error().message);
  std::string frame(sizeof(std::int32_t), '\0');
  store_big_endian(frame.data(), static_cast<std::int32_t>(request->size()));
  return frame.append(request->view());
}

void receive_frame(int socket) {
  std::string frame(sizeof(std::int32_t), '\0');
  check_call(receive(socket, frame.data(), frame.size()), "receive");
  frame.resize(static_cast<std::size_t>(load_big_endian<std::int32_t>(frame.data())));
  check_call(receive(socket, frame.data(), frame.size()), "receive");
}

void run(int port, int connections) {
  rlimit files{};
  check_call(::getrlimit(RLIMIT_NOFILE, &files) == 0, "getrlimit");
  files.rlim_cur = files.rlim_max;
  check_call(::setrlimit(RLIMIT_NOFILE, &files) == 0, "setrlimit");
  const std::string request = framed_request();
  for (int index = 0; index < connections; ++index) {
    const int socket = connect_to_loopback(port);
    check_call(send_bytes(socket, request), "send");
    receive_frame(socket);
  }
  fmt::print("{{\"connections\": {}}}\n", connections);
  (void)std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
}

}  // namespace
}  // namespace millrace::bench

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "wanted: {} HOST:PORT CONNECTIONS\n", argv[0]);
    return 2;
  }
  const std::string_view address = argv[1];
  const std::string port(address.substr(address.rfind(':') + 1));
  millrace::bench::run(std::atoi(port.c_str()), std::atoi(argv[2]));
  return 0;
}
