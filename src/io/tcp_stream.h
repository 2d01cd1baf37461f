// TcpStream: the way of bytes between a non-blocking socket and what makes sense of them: when to
// read, when to write, how to end. Frames and byte streams stand on it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/lifetime.h"
#include "io/endpoint.h"
#include "io/send_queue.h"
#include "io/socket_loop.h"
#include "io/transport.h"

namespace millrace::io {

/// What is above the bytes.
class StreamInput {
 public:
  /// Whether the call has ended the life of whoever made it.
  enum class After : std::uint8_t { kGoOn, kDestroyed };
  struct Space {
    std::span<char> first;
    std::span<char> scratch;
  };

  virtual ~StreamInput() = default;
  /// Where the next bytes go: first into one, and when that is full into the scratch.
  virtual Space space(std::span<char> scratch) = 0;
  /// `count` bytes were placed there; hands out what is whole, until reading is paused or ends.
  virtual After received(std::size_t count, std::span<const char> scratch) = 0;
  /// Reading goes on after a pause: hands out what was kept.
  virtual After resumed() = 0;
  /// Bytes that something already begun still lacks; 0 when nothing is known to come.
  virtual std::size_t missing_bytes() const = 0;
  /// Whether bytes were received and not yet handed out.
  virtual bool is_within() const = 0;
  /// Once, after start(), when no more comes. Nothing of the stream is touched after it.
  virtual void ended(const Error& reason) = 0;
};

/// Invariants: nothing is called back from inside send(), close() or resume_reading(); after the
/// socket is closed nothing is queued; callbacks may destroy the stream, which `life_` shows.
class TcpStream {
 public:
  TcpStream(SocketLoop& loop, UniqueFd socket, std::unique_ptr<Transport> transport);
  ~TcpStream();
  TcpStream(const TcpStream&) = delete;
  TcpStream& operator=(const TcpStream&) = delete;

  /// input  outlives this
  void start(StreamInput& input);
  bool is_started() const { return input_ != nullptr; }
  /// Whether input may be handed out.
  bool may_deliver() const { return phase_ == Phase::kOpen && !is_paused_; }
  bool is_open() const { return phase_ == Phase::kOpen; }

  std::size_t unsent_bytes() const { return queue_.unsent_bytes(); }
  /// To be filled while open, then flushed.
  SendQueue& queue() { return queue_; }
  /// Writes what is queued, unless a turn is under way, which does so at its end.
  void flush_soon();
  void when_unsent_below(std::size_t threshold, Task task);
  void pause_reading() { is_paused_ = true; }
  void resume_reading();
  void close_after_flush();
  void close();
  /// Ends with `reason`, which the input hears of later.
  void finish(Error reason);
  const Endpoint& peer() const { return peer_; }
  const Endpoint& local() const { return local_; }

 private:
  enum class Phase : std::uint8_t {
    kOpen,
    kFlushing,  // close_after_flush: no more input is handed out
    kDraining,  // all is sent; the peer is told, and what it still sends is thrown away
    kClosed
  };
  using After = StreamInput::After;

  void on_readable();
  void on_writable();
  void take_turn();
  After read();
  void continue_reading();
  void end_turn();
  bool may_look() const;
  void look_for_hang_up();
  void discard_input();
  void flush();
  void await_input();
  void await_readable();
  void await_writable();
  void set_wake_bytes();
  void begin_draining();
  void report_ended();
  void wake_waiters();
  /// Runs `task` from the loop, unless this stream is gone by then.
  void post_if_alive(std::function<void()> task);

  struct Waiter {
    std::size_t threshold;
    Task task;
  };

  SocketLoop& loop_;
  std::unique_ptr<SocketWatch> watch_;  // null once closed
  const std::unique_ptr<Transport> transport_;
  const Endpoint peer_;
  const Endpoint local_;
  StreamInput* input_ = nullptr;  // since start()
  Phase phase_ = Phase::kOpen;
  bool is_paused_ = false;
  bool has_unread_input_ = false;  // seen while paused
  bool is_in_turn_ = false;        // input is being handed out; answers wait for the turn's end
  bool awaits_readable_ = false;
  int wake_bytes_ = 1;  // how much has to arrive until the socket counts as readable
  bool awaits_writable_ = false;
  bool reads_when_writable_ = false;  // the transport has to write before it can read
  bool writes_when_readable_ = false;
  bool has_posted_continue_ = false;
  std::optional<Error> end_reason_;
  SendQueue queue_;
  std::vector<Waiter> waiters_;
  TimerId drain_timer_ = 0;
  Lifetime life_;
};

}  // namespace millrace::io
