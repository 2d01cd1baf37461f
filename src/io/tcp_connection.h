// TcpConnection: a Connection on a non-blocking socket.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/lifetime.h"
#include "io/connection.h"
#include "io/frame_reader.h"
#include "io/send_queue.h"
#include "io/socket_loop.h"

namespace millrace::io {

/// Invariants: nothing is called back from inside send(), close() or resume_reading(); after the
/// socket is closed nothing is queued; callbacks may destroy the connection, which `life_` shows.
class TcpConnection final : public Connection {
 public:
  TcpConnection(SocketLoop& loop, UniqueFd socket);
  ~TcpConnection() override;
  TcpConnection(const TcpConnection&) = delete;
  TcpConnection& operator=(const TcpConnection&) = delete;

  void start(ConnectionHandler handler, std::size_t frame_size_max) override;
  void send(Chunks frame) override;
  std::size_t unsent_bytes() const override { return queue_.unsent_bytes(); }
  void when_unsent_below(std::size_t threshold, Task task) override;
  void pause_reading() override { is_paused_ = true; }
  void resume_reading() override;
  void close_after_flush() override;
  void close() override;
  Endpoint peer() const override { return peer_; }
  Endpoint local() const override { return local_; }

 private:
  enum class Phase : std::uint8_t {
    kOpen,
    kFlushing,  // close_after_flush: no more frames are handed out
    kDraining,  // all is sent; the peer is told, and what it still sends is thrown away
    kClosed
  };
  enum class After : std::uint8_t { kGoOn, kDestroyed };

  void on_readable();
  void on_writable();
  After read_frames();
  After deliver_frames();
  void continue_reading();
  void end_turn();
  bool may_look() const;
  void look_for_hang_up();
  void discard_input();
  void flush();
  void await_readable();
  void set_wake_bytes();
  void await_writable();
  void begin_draining();
  void finish(Error reason);
  void report_closed();
  void wake_waiters();
  /// Runs `task` from the loop, unless this connection is gone by then.
  void post_if_alive(std::function<void()> task);

  struct Waiter {
    std::size_t threshold;
    Task task;
  };

  SocketLoop& loop_;
  std::unique_ptr<SocketWatch> watch_;  // null once closed
  const Endpoint peer_;
  const Endpoint local_;
  Phase phase_ = Phase::kOpen;
  bool is_paused_ = false;
  bool has_unread_input_ = false;  // seen while paused
  bool is_in_turn_ = false;        // frames are being handed out; answers wait for the turn's end
  bool awaits_readable_ = false;
  int wake_bytes_ = 1;  // how much has to arrive until the socket counts as readable
  bool awaits_writable_ = false;
  bool has_posted_continue_ = false;
  std::optional<FrameReader> reader_;                 // since start()
  std::shared_ptr<const ConnectionHandler> handler_;  // shared: it may be running when we go
  std::optional<Error> close_reason_;
  SendQueue queue_;
  std::vector<Waiter> waiters_;
  TimerId drain_timer_ = 0;
  Lifetime life_;
};

}  // namespace millrace::io
