// Network: listening and connecting. What a loop offers beside timers and tasks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.h"
#include "base/time.h"
#include "io/byte_stream.h"
#include "io/connection.h"
#include "io/endpoint.h"
#include "io/transport.h"

namespace millrace::io {

/// A listening socket; closes when destroyed. Owner loop only.
class Listener {
 public:
  virtual ~Listener() = default;
  /// The address it really listens on: with port 0 asked, the port that was given.
  virtual Endpoint local_endpoint() const = 0;
};

/// Whether several loops accept on one port, among which the kernel spreads the connections
/// (SO_REUSEPORT).
enum class PortSharing : std::uint8_t { kAlone, kAmongLoops };

struct ListenOptions {
  PortSharing sharing = PortSharing::kAlone;
  /// SO_SNDBUF of each accepted connection; 0 leaves it to the operating system, which lets it
  /// grow to megabytes.
  std::size_t send_buffer_bytes = 0;
  /// Of each accepted connection; null is the plain one. Not asked in simulation.
  TransportFactory transport = nullptr;
};

struct ConnectOptions {
  /// Implicit, as a time-out is all that most callers say.
  ConnectOptions(Millis most) : timeout(most) {}

  Millis timeout;
  TransportFactory transport = nullptr;  // as in ListenOptions
};

/// What it makes belongs to the loop whose network it is, and is destroyed before it.
/// thread  the loop's own, or any before the loop runs
class Network {
 public:
  virtual ~Network() = default;

  template <class Made>
  using OnAccept = std::function<void(std::unique_ptr<Made>)>;
  template <class Made>
  using OnConnect = std::function<void(Result<std::unique_ptr<Made>>)>;

  /// Listens with SO_REUSEADDR.
  /// endpoint   an address; "localhost" for its IPv4 and IPv6 address at once; "*" or "::" for all
  ///            addresses of both families; port 0 for a free port
  /// on_accept  gets each new connection, not yet started
  /// errors     kIo with the address and the reason, such as a port in use; kInvalidArgument for a
  ///            host that does not resolve. A name is resolved on the spot, so call this at start.
  virtual Result<std::unique_ptr<Listener>> listen(const Endpoint& endpoint, ListenOptions options,
                                                   OnAccept<Connection> on_accept) = 0;
  /// The same for connections without frames.
  virtual Result<std::unique_ptr<Listener>> listen_for_streams(const Endpoint& endpoint,
                                                               ListenOptions options,
                                                               OnAccept<ByteStream> on_accept) = 0;

  /// Connects; `on_done` is called exactly once, later, on the loop: with a connection not yet
  /// started, or kTimeout, or kNotFound for a host name that does not resolve, or kIo with the
  /// reason. Host names are resolved without blocking the loop.
  virtual void connect(const Endpoint& endpoint, ConnectOptions options,
                       OnConnect<Connection> on_done) = 0;
  /// The same for a connection without frames.
  virtual void connect_stream(const Endpoint& endpoint, ConnectOptions options,
                              OnConnect<ByteStream> on_done) = 0;
};

}  // namespace millrace::io
