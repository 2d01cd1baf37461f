// TcpListener: accepts on one or more listening sockets.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/lifetime.h"
#include "io/network.h"
#include "io/socket_loop.h"

namespace millrace::io {

class TcpListener final : public Listener {
 public:
  using OnAccept = std::function<void(UniqueFd socket)>;
  TcpListener(SocketLoop& loop, BoundSockets bound, const std::string& host, OnAccept on_accept);
  ~TcpListener() override;
  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;

  Endpoint local_endpoint() const override { return local_; }

 private:
  void accept_from(std::size_t index);
  /// Out of descriptors or memory: tries again a little later instead of spinning.
  void rest_from(std::size_t index, int error_number);

  SocketLoop& loop_;
  const Endpoint local_;
  const std::shared_ptr<const OnAccept> on_accept_;  // shared: it may be running when we go
  std::vector<std::unique_ptr<SocketWatch>> watches_;
  std::vector<TimerId> rest_timers_;  // one a socket
  Lifetime life_;
};

}  // namespace millrace::io
