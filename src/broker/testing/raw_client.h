// A client that sends whatever bytes a test likes, over a blocking socket.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/byte_order.h"
#include "io/connection.h"
#include "wire/frame.h"

namespace millrace::broker {

class RawClient {
 public:
  explicit RawClient(const io::Endpoint& endpoint) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    // A broker that does not answer fails the test instead of hanging it.
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(endpoint.port);
    ::inet_pton(AF_INET, endpoint.host.c_str(), &address.sin_addr);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~RawClient() { ::close(socket_); }
  /// Whether anybody listens there.
  static bool can_connect(const io::Endpoint& endpoint) {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(endpoint.port);
    ::inet_pton(AF_INET, endpoint.host.c_str(), &address.sin_addr);
    const bool is_connected =
        ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(socket);
    return is_connected;
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send_bytes(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // the broker may have closed already
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  /// Sends `bytes` up to `times` times. False when the broker stopped reading before that.
  bool send_while_taken(std::string_view bytes, int times) {
    const timeval patience{.tv_sec = 0, .tv_usec = 500'000};
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    for (; times > 0; --times) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent != static_cast<ssize_t>(bytes.size())) return false;
    }
    return true;
  }
  static std::string framed(std::string_view frame) {
    std::string bytes(4, '\0');
    store_big_endian(bytes.data(), static_cast<std::int32_t>(frame.size()));
    return bytes.append(frame);
  }
  void send_frame(std::string_view frame) { send_bytes(framed(frame)); }

  template <class Request>
  static std::string request_bytes(const Request& request, std::int16_t version,
                                   std::int32_t correlation_id) {
    auto bytes = wire::encode_request(
        {.api_version = version, .correlation_id = correlation_id, .client_id = "raw"}, request);
    EXPECT_TRUE(bytes.ok()) << bytes.error().to_string();
    return std::string(bytes->view());
  }
  template <class Request>
  void send_request(const Request& request, std::int16_t version, std::int32_t correlation_id = 7) {
    send_frame(request_bytes(request, version, correlation_id));
  }

  /// The next frame; nothing when the broker closed the connection.
  std::optional<std::string> receive_frame() {
    std::array<char, 4> length{};
    if (!receive_exactly(length.data(), length.size())) return std::nullopt;
    std::string frame(static_cast<std::size_t>(load_big_endian<std::int32_t>(length.data())), '\0');
    if (!receive_exactly(frame.data(), frame.size())) return std::nullopt;
    return frame;
  }
  /// False also when the broker says nothing for so long that this side gives up.
  bool is_closed_by_broker() { return !receive_frame().has_value() && !has_given_up_; }

  /// The response to the request sent last, records copied into `frame`.
  template <class Response>
  std::optional<Response> receive_response(std::int16_t version, std::string& frame,
                                           std::int32_t correlation_id = 7) {
    auto bytes = receive_frame();
    if (!bytes.has_value()) return std::nullopt;
    frame = std::move(*bytes);
    ByteReader reader(frame);
    const auto header = wire::decode_response_header(reader, Response::kApiKey, version);
    EXPECT_TRUE(header.ok());
    EXPECT_EQ(header->correlation_id, correlation_id);
    auto body = wire::decode_body<Response>(reader, version);
    EXPECT_TRUE(body.ok()) << body.error().to_string();
    if (!body.ok()) return std::nullopt;
    return std::move(body).value();
  }

  template <class Response, class Request>
  std::optional<Response> call(const Request& request, std::int16_t version) {
    std::string frame;
    send_request(request, version);
    return receive_response<Response>(version, frame);
  }

 private:
  bool receive_exactly(char* into, std::size_t size) {
    while (size > 0) {
      const ssize_t got = ::recv(socket_, into, size, 0);
      has_given_up_ = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
      if (got <= 0) return false;
      into += got;
      size -= static_cast<std::size_t>(got);
    }
    return true;
  }

  int socket_;
  bool has_given_up_ = false;  // the last receive met its time limit
};

}  // namespace millrace::broker
