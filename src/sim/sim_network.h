// SimNetwork: connections between simulated hosts that deliver frames after a random while, in
// order, and break when a test, or the seed, says so.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "io/network.h"
#include "sim/sim_scheduler.h"

namespace millrace::sim {

struct SimNetworkOptions {
  std::chrono::microseconds latency_min{50};
  std::chrono::microseconds latency_max{2000};
  double frame_reset_chance = 0;   // that a connection breaks instead of delivering a frame
  double connect_lost_chance = 0;  // that nobody ever answers an attempt to connect
  double half_open_chance = 0;     // that of a connection that breaks only one end learns of it
};

/// One life of a host, from its power coming to its power going. What ran in a life that is over
/// may go on as a ghost: nothing it sends leaves it, and nothing reaches it.
struct SimLife {
  std::string host;
  bool is_over = false;
};

struct SimLink;
class SimListener;

/// Hosts are names. "localhost", "127.0.0.1", "0.0.0.0", "::" and "*" mean the host that asks.
/// Not thread-safe. Outlives its connections.
class SimNetwork {
 public:
  explicit SimNetwork(SimScheduler& scheduler) : scheduler_(scheduler), lane_(scheduler) {}
  SimNetwork(const SimNetwork&) = delete;
  SimNetwork& operator=(const SimNetwork&) = delete;

  SimNetworkOptions& options() { return options_; }
  /// Nothing reaches or leaves `host` until heal(): frames wait, attempts to connect time out.
  void isolate(const std::string& host) { isolated_.insert(host); }
  void heal(const std::string& host) { isolated_.erase(host); }
  /// Breaks every connection of `host`; frames on their way are lost.
  void reset_connections(const std::string& host);
  /// The power of `life`'s host goes. Its peers are told when `kernel` lives on, as after the death
  /// of a process; otherwise they hear nothing, until they send to the host that came back.
  enum class Kernel { kLivesOn, kDies };
  void end_life(SimLife& life, Kernel kernel);

 private:
  friend class SimPorts;
  friend class SimListener;
  friend class SimConnection;
  friend struct SimLink;

  using Address = std::pair<std::string, std::uint16_t>;
  using OnAccept = std::function<void(std::unique_ptr<io::Connection>)>;
  using OnConnect = std::function<void(Result<std::unique_ptr<io::Connection>>)>;

  using LifePtr = std::shared_ptr<const SimLife>;

  Result<std::unique_ptr<io::Listener>> listen(SimLane& lane, const std::string& host,
                                               const io::Endpoint& endpoint,
                                               io::PortSharing sharing, OnAccept on_accept);
  void connect(SimLane& lane, const LifePtr& life, const io::Endpoint& endpoint, Millis timeout,
               OnConnect on_done);
  std::uint16_t next_port();
  bool listens(const std::string& host) const;
  void break_link(SimLink& link);
  SimListener* pick_listener(const Address& address);
  bool can_reach(const std::string& from, const std::string& to) const;
  std::chrono::nanoseconds latency();
  void add_link(const std::shared_ptr<SimLink>& link);

  SimScheduler& scheduler_;
  SimLane lane_;  // what is on its way
  SimNetworkOptions options_;
  std::set<std::string> isolated_;
  std::multimap<Address, SimListener*> listeners_;
  std::vector<std::weak_ptr<SimLink>> links_;
  std::uint16_t last_port_ = 30'000;
};

}  // namespace millrace::sim
