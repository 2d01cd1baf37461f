// TcpConnector: one attempt to connect: look up the name, try its addresses in turn, in time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/lifetime.h"
#include "io/socket_loop.h"

namespace millrace::io {

/// Destroying it gives up and calls nobody.
class TcpConnector {
 public:
  using Outcome = Result<UniqueFd>;
  /// on_done  called once, from the loop; destroys this connector
  TcpConnector(SocketLoop& loop, Endpoint endpoint, std::function<void(Outcome)> on_done);
  ~TcpConnector();
  TcpConnector(const TcpConnector&) = delete;
  TcpConnector& operator=(const TcpConnector&) = delete;

  void start(Millis timeout);

 private:
  void try_next_address();
  void on_writable();
  void remember_failure(int error_number);
  void finish(Outcome outcome);

  SocketLoop& loop_;
  const Endpoint endpoint_;
  const std::function<void(Outcome)> on_done_;
  std::vector<SocketAddress> addresses_;  // not tried yet, the next one last
  std::unique_ptr<SocketWatch> watch_;
  std::optional<Error> last_failure_;
  TimerId timer_ = 0;
  bool is_done_ = false;
  Lifetime life_;
};

}  // namespace millrace::io
