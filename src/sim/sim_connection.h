// The two ends of a simulated connection, and the way between them.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/connection.h"
#include "sim/sim_network.h"

namespace millrace::sim {

/// What both ends share. Kept alive by them and by what is on its way.
/// Invariant: every entry of `in_transit` has one arrival scheduled; arrivals take the first entry,
/// so that frames stay in order whatever their latency.
struct SimLink : std::enable_shared_from_this<SimLink> {
  using Side = std::size_t;  // 0 connected, 1 accepted

  struct Waiter {
    std::size_t threshold;
    io::Task task;
  };
  struct End {
    SimLane* lane = nullptr;
    std::string host;
    io::Endpoint local;
    std::shared_ptr<const io::ConnectionHandler> handler;
    std::size_t frame_size_max = 0;
    bool is_alive = true;  // its Connection exists
    bool is_paused = false;
    bool is_flushing = false;
    bool is_closed = false;
    bool is_gone = false;  // without a word: its host lost power, or never heard of the end
    std::optional<Error> close_reason;
    // Sent by this end; nullopt is the end of the stream.
    std::deque<std::optional<Buffer>> in_transit;
    std::deque<Buffer> inbox;      // arrived here, not handed out yet
    std::size_t unsent_bytes = 0;  // sent by this end and not handed out over there
    std::vector<Waiter> waiters;
    bool delivers = false;  // hand_out() is under way
  };

  SimLink(SimNetwork& way, std::array<End, 2> both) : network(way), ends(std::move(both)) {}

  void send(Side from, io::Chunks frame);
  void schedule_arrival(Side from);
  void arrive(Side from);
  void hand_out(Side at);
  void wake_waiters(Side at);
  void finish(Side at, Error reason);
  void report_closed(Side at);
  enum class Unsent { kArrives, kMayBeLost };
  /// The end of the stream goes after what was sent, all of it or without a random tail.
  void hang_up(Side from, Unsent unsent);
  /// Runs `task` on the lane of an end, unless its connection is gone by then.
  void post(Side at, std::function<void(SimLink&)> task);

  SimNetwork& network;
  std::array<End, 2> ends;
};

class SimConnection final : public io::Connection {
 public:
  SimConnection(std::shared_ptr<SimLink> link, SimLink::Side side)
      : link_(std::move(link)), side_(side) {}
  ~SimConnection() override;
  SimConnection(const SimConnection&) = delete;
  SimConnection& operator=(const SimConnection&) = delete;

  void start(io::ConnectionHandler handler, std::size_t frame_size_max) override;
  void send(io::Chunks frame) override { link_->send(side_, std::move(frame)); }
  std::size_t unsent_bytes() const override { return end().unsent_bytes; }
  void when_unsent_below(std::size_t threshold, io::Task task) override;
  void pause_reading() override { end().is_paused = true; }
  void resume_reading() override;
  void close_after_flush() override;
  void close() override;
  io::Endpoint peer() const override { return link_->ends[1 - side_].local; }
  io::Endpoint local() const override { return end().local; }

 private:
  SimLink::End& end() const { return link_->ends[side_]; }

  const std::shared_ptr<SimLink> link_;
  const SimLink::Side side_;
};

}  // namespace millrace::sim
