// TcpNetwork: a loop's Network on the sockets of the machine.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "io/network.h"
#include "io/socket_loop.h"

namespace millrace::io {

class TcpConnector;

/// Destroying it gives up all connecting, without calling anybody.
class TcpNetwork final : public Network {
 public:
  /// loop  owns this
  explicit TcpNetwork(SocketLoop& loop);
  ~TcpNetwork() override;
  TcpNetwork(const TcpNetwork&) = delete;
  TcpNetwork& operator=(const TcpNetwork&) = delete;

  Result<std::unique_ptr<Listener>> listen(const Endpoint& endpoint, ListenOptions options,
                                           OnAccept<Connection> on_accept) override;
  Result<std::unique_ptr<Listener>> listen_for_streams(const Endpoint& endpoint,
                                                       ListenOptions options,
                                                       OnAccept<ByteStream> on_accept) override;
  void connect(const Endpoint& endpoint, ConnectOptions options,
               OnConnect<Connection> on_done) override;
  void connect_stream(const Endpoint& endpoint, ConnectOptions options,
                      OnConnect<ByteStream> on_done) override;

 private:
  using OnSocket = std::function<void(UniqueFd)>;
  using OnConnected = std::function<void(Result<UniqueFd>)>;

  Result<std::unique_ptr<Listener>> listen_on_sockets(const Endpoint& endpoint,
                                                      const ListenOptions& options,
                                                      OnSocket on_accept);
  void connect_socket(const Endpoint& endpoint, Millis timeout, OnConnected on_done);

  SocketLoop& loop_;
  std::map<std::uint64_t, std::unique_ptr<TcpConnector>> connectors_;
  std::uint64_t last_connector_ = 0;
};

}  // namespace millrace::io
