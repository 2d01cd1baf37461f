// Session: one client's connection. Frames in, handlers called, replies out in order.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "broker/session/complaint_limit.h"
#include "broker/session/handler_table.h"
#include "io/connection.h"
#include "io/event_loop.h"

namespace millrace::broker {

/// What sessions of a loop share; outlives them.
struct SessionHost {
  io::EventLoop& loop;
  const Clock& clock;
  const HandlerTable& handlers;
  BrokerState& state;
  ComplaintLimit complaints = {};
};

/// Owner loop only, but for replies, which come from any thread through a ReplyPort.
///
/// Invariants
///   Requests are handled in the order they came and answered in that order.
///   The next one is read when none is in flight, or when those in flight are appended batches that
///   only wait for the disk: so one flush serves a whole pipeline of them.
///   Nothing is read from a peer that does not take its replies, or that is beyond its quota.
///   Whoever waits on behalf of a request hears of the connection's end before on_closed is called.
///   Whatever a frame holds, only this connection pays for it.
class Session final : public RequestOwner, public std::enable_shared_from_this<Session> {
 public:
  /// Bytes waiting for the peer above which nothing more is read from it.
  static constexpr std::size_t kUnsentBytesMax = std::size_t{1} << 20;
  /// Produce requests that may wait for the disk together. Clients send 5 at most by default.
  static constexpr std::size_t kFlushingMax = 16;

  /// node  the one that the client came to
  Session(std::unique_ptr<io::Connection> connection, SessionHost& host, BrokerId node);

  /// Starts reading. on_closed is called once, later, when the connection has ended.
  void start(std::function<void()> on_closed);
  /// What is known of the connection.
  const ConnectionState& connection_state() const { return *state_; }
  /// Sends what is queued, then ends; a reply that is still owed is dropped.
  void stop();

 private:
  /// The way back for replies: outlives the session, and leads nowhere once it ended.
  struct ReplyPort {
    ReplyPort(io::EventLoop& owner, std::weak_ptr<Session> target)
        : loop(owner), session(std::move(target)) {}
    void deliver(std::uint64_t request, Delivery delivery);

    io::EventLoop& loop;  // not touched once closed; sessions end before their loop does
    const std::weak_ptr<Session> session;
    std::atomic<bool> is_closed = false;
  };

  /// A request that was read and whose reply has not left.
  struct InFlight {
    wire::ApiKey key;
    std::optional<Delivery> reply;    // there, but a request before it is not answered yet
    std::function<void()> drop = {};  // called when the connection ends without a reply
    bool is_held = false;             // none behind it may be read
  };

  void when_abandoned(std::uint64_t request, std::function<void()> drop) override;
  std::function<void()> hold_next(std::uint64_t request) override;
  void mute(Millis time) override;
  InFlight& in_flight(std::uint64_t request) {
    return in_flight_[static_cast<std::size_t>(request - first_in_flight_)];
  }
  void on_frame(Buffer frame);
  void dispatch(std::uint64_t request, Buffer frame);
  void complete(std::uint64_t request, Delivery delivery);
  void send_replies();
  bool may_read_next() const;
  void send(io::Chunks chunks);
  void abandon_requests();
  void fail(std::string_view reason);
  void complain(std::string_view reason);
  void ended();
  void update_reading();
  void arm_idle_timer(Millis delay);
  void check_idle();

  std::unique_ptr<io::Connection> connection_;
  const std::shared_ptr<ConnectionState> state_;  // shared with requests that outlive the session
  SessionHost& host_;
  std::shared_ptr<ReplyPort> port_;
  std::function<void()> on_closed_;
  io::TimerId idle_timer_ = 0;
  MonotonicTime last_active_;
  std::size_t unsent_at_last_check_ = 0;
  std::deque<InFlight> in_flight_;
  std::uint64_t first_in_flight_ = 0;  // the number of in_flight_.front()
  bool is_draining_ = false;           // the peer lets replies pile up
  bool is_reading_ = true;
  io::TimerId mute_timer_ = 0;  // while nothing is read for a quota's sake
  MonotonicTime muted_until_ = {};
  bool has_failed_ = false;
};

}  // namespace millrace::broker
