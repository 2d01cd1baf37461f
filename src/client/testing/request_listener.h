// RequestListener: the part that every broker made for a test has in common: it listens, keeps its
// connections, and hands over the requests that come in, one after another.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "io/event_loop.h"
#include "io/network.h"
#include "wire/frame.h"
#include "wire/messages/api_versions.h"

namespace millrace::client {

/// thread  the loop's
class RequestListener {
 public:
  /// A request came: what it is, and its body. Answered by send_answer(), now or later.
  using OnRequest =
      std::function<void(io::Connection& from, const wire::RequestHeader& header, ByteReader body)>;

  /// at  port 0: any that is free
  RequestListener(io::EventLoop& loop, const io::Endpoint& at, OnRequest on_request)
      : on_request_(std::move(on_request)) {
    auto made = loop.network().listen(
        at, {}, [this](std::unique_ptr<io::Connection> taken) { accept(std::move(taken)); });
    EXPECT_TRUE(made.ok()) << made.error().message;
    listener_ = std::move(made).value();
  }

  io::Endpoint endpoint() const { return listener_->local_endpoint(); }
  /// How many connections there were at once, at most.
  int open_max() const { return open_max_; }

 private:
  static constexpr std::size_t kFrameBytesMax = std::size_t{8} << 20U;

  void accept(std::unique_ptr<io::Connection> connection) {
    io::Connection& from = *connection;
    open_max_ = std::max(open_max_, ++open_);
    from.start({.on_frame = [this, &from](Buffer frame) { take(from, frame.view()); },
                .on_closed = [this](const Error&) { --open_; }},
               kFrameBytesMax);
    connections_.push_back(std::move(connection));
  }
  void take(io::Connection& from, std::string_view frame) {
    ByteReader reader(frame);
    const auto header = wire::decode_request_header(reader);
    ASSERT_TRUE(header.ok()) << header.error().message;
    on_request_(from, *header, reader);
  }

  const OnRequest on_request_;
  int open_ = 0;
  int open_max_ = 0;
  std::unique_ptr<io::Listener> listener_;
  std::vector<std::unique_ptr<io::Connection>> connections_;
};

template <class Request>
Request request_in(ByteReader body, const wire::RequestHeader& header) {
  auto decoded = wire::decode_body<Request>(body, header.api_version);
  EXPECT_TRUE(decoded.ok()) << decoded.error().message;
  return std::move(decoded).value();
}

template <class Response>
void send_answer(io::Connection& to, const wire::RequestHeader& header, const Response& message) {
  auto response =
      wire::encode_response(header.api_key, header.api_version, header.correlation_id, message);
  ASSERT_TRUE(response.ok()) << response.error().message;
  to.send(io::one_chunk(std::move(response->bytes)));
}

/// Each request in one version; ApiVersions itself is among them.
inline wire::ApiVersionsResponse speaks(
    std::initializer_list<std::pair<wire::ApiKey, std::int16_t>> requests) {
  wire::ApiVersionsResponse versions;
  const auto add = [&](wire::ApiKey key, std::int16_t version) {
    versions.api_keys.push_back({.api_key = static_cast<std::int16_t>(key),
                                 .min_version = version,
                                 .max_version = version});
  };
  add(wire::ApiKey::kApiVersions, 3);
  for (const auto& [key, version] : requests) add(key, version);
  return versions;
}

}  // namespace millrace::client
