#include "sim/sim_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "sim/sim_connection.h"

namespace millrace::sim {

class SimListener final : public io::Listener {
 public:
  SimListener(SimNetwork& network, SimLane& lane, SimNetwork::Address address, io::Endpoint local,
              SimNetwork::OnAccept on_accept)
      : network_(network),
        lane_(lane),
        address_(std::move(address)),
        local_(std::move(local)),
        on_accept_(std::make_shared<const SimNetwork::OnAccept>(std::move(on_accept))) {
    network_.listeners_.emplace(address_, this);
  }
  ~SimListener() override {
    std::erase_if(network_.listeners_, [this](const auto& entry) { return entry.second == this; });
  }
  SimListener(const SimListener&) = delete;
  SimListener& operator=(const SimListener&) = delete;

  io::Endpoint local_endpoint() const override { return local_; }
  SimLane& lane() { return lane_; }
  /// On this listener's loop, unless it is gone by then.
  void accept(std::unique_ptr<io::Connection> connection) {
    auto shared = std::make_shared<std::unique_ptr<io::Connection>>(std::move(connection));
    lane_.post([shared, on_accept = std::weak_ptr(on_accept_)] {
      if (const auto accept = on_accept.lock()) (*accept)(std::move(*shared));
    });
  }

 private:
  SimNetwork& network_;
  SimLane& lane_;
  const SimNetwork::Address address_;
  const io::Endpoint local_;
  const std::shared_ptr<const SimNetwork::OnAccept> on_accept_;
};

namespace {

std::string host_named(const std::string& own, const std::string& name) {
  const bool is_own = name == "localhost" || name == "127.0.0.1" || name == "::1" ||
                      name == "0.0.0.0" || name == "::" || name == "*";
  return is_own ? own : name;
}

SimLink::End make_end(SimLane& lane, const std::string& host, std::uint16_t port) {
  SimLink::End end;
  end.lane = &lane;
  end.host = host;
  end.local = {.host = host, .port = port};
  return end;
}

}  // namespace

void SimNetwork::reset_connections(const std::string& host) {
  for (const auto& weak : links_) {
    const auto link = weak.lock();
    if (link == nullptr || (link->ends[0].host != host && link->ends[1].host != host)) continue;
    break_link(*link);
  }
}

void SimNetwork::break_link(SimLink& link) {
  std::optional<SimLink::Side> unaware;
  if (scheduler_.random().chance(options_.half_open_chance)) unaware = scheduler_.random().below(2);
  for (const SimLink::Side side : {0U, 1U}) {
    link.ends[side].in_transit.clear();
    if (side == unaware) continue;
    link.finish(side, {ErrorCode::kClosed, "the network broke the connection"});
    link.ends[side].is_gone = unaware.has_value();
  }
}

void SimNetwork::end_life(SimLife& life, Kernel kernel) {
  life.is_over = true;
  std::erase_if(listeners_, [&](const auto& entry) { return entry.first.first == life.host; });
  for (const auto& weak : links_) {
    const auto link = weak.lock();
    if (link == nullptr) continue;
    for (const SimLink::Side side : {0U, 1U}) {
      SimLink::End& mine = link->ends[side];
      if (mine.host != life.host || mine.is_gone) continue;
      mine.in_transit.clear();
      link->ends[1 - side].in_transit.clear();
      link->finish(side, {ErrorCode::kClosed, "the power went"});
      mine.is_gone = true;
      if (kernel == Kernel::kLivesOn && link->ends[1 - side].host != life.host) {
        link->finish(1 - side, {ErrorCode::kClosed, "the peer reset the connection"});
      }
    }
  }
}

bool SimNetwork::listens(const std::string& host) const {
  return std::any_of(listeners_.begin(), listeners_.end(),
                     [&](const auto& entry) { return entry.first.first == host; });
}

std::uint16_t SimNetwork::next_port() {
  constexpr std::uint16_t kFirst = 30'000;
  last_port_ = last_port_ == UINT16_MAX ? kFirst : static_cast<std::uint16_t>(last_port_ + 1);
  return last_port_;
}

bool SimNetwork::can_reach(const std::string& from, const std::string& to) const {
  return from == to || (!isolated_.contains(from) && !isolated_.contains(to));
}

std::chrono::nanoseconds SimNetwork::latency() {
  const auto spread = (options_.latency_max - options_.latency_min).count();
  const auto extra = scheduler_.random().below(static_cast<std::uint64_t>(spread) + 1);
  return options_.latency_min + std::chrono::microseconds(static_cast<std::int64_t>(extra));
}

void SimNetwork::add_link(const std::shared_ptr<SimLink>& link) {
  std::erase_if(links_, [](const auto& weak) { return weak.expired(); });
  links_.push_back(link);
}

Result<std::unique_ptr<io::Listener>> SimNetwork::listen(SimLane& lane, const std::string& host,
                                                         const io::Endpoint& endpoint,
                                                         io::PortSharing sharing,
                                                         OnAccept on_accept) {
  io::Endpoint local = endpoint;
  if (local.port == 0) local.port = next_port();
  Address address{host_named(host, endpoint.host), local.port};
  if (address.first != host) {
    return Error{ErrorCode::kIo,
                 fmt::format("cannot listen on {}: this is host {}", local.to_string(), host),
                 EADDRNOTAVAIL};
  }
  if (sharing == io::PortSharing::kAlone && listeners_.contains(address)) {
    return Error{ErrorCode::kIo,
                 fmt::format("cannot listen on {}: the port is in use", local.to_string()),
                 EADDRINUSE};
  }
  return std::unique_ptr<io::Listener>(
      new SimListener(*this, lane, std::move(address), std::move(local), std::move(on_accept)));
}

SimListener* SimNetwork::pick_listener(const Address& address) {
  const auto [first, last] = listeners_.equal_range(address);
  const auto count = static_cast<std::uint64_t>(std::distance(first, last));
  if (count == 0) return nullptr;
  return std::next(first, static_cast<std::ptrdiff_t>(scheduler_.random().below(count)))->second;
}

// The attempt is answered by whatever comes first: the timer, on the loop that asks, or the
// network's answer. `waits` is emptied by the first.
void SimNetwork::connect(SimLane& lane, const LifePtr& life, const io::Endpoint& endpoint,
                         Millis timeout, OnConnect on_done) {
  auto waits = std::make_shared<OnConnect>(std::move(on_done));
  const auto answer = [](const std::shared_ptr<OnConnect>& to,
                         Result<std::unique_ptr<io::Connection>> outcome) {
    if (const OnConnect done = std::exchange(*to, nullptr)) done(std::move(outcome));
  };
  const io::TimerId timer = lane.call_after(timeout, [waits, answer, endpoint, timeout] {
    answer(waits, Error{ErrorCode::kTimeout, fmt::format("cannot connect to {}: no answer within "
                                                         "{} ms",
                                                         endpoint.to_string(), timeout.count())});
  });
  // `waits` is held by the loop's timer alone, so that nothing outlives that loop.
  const Address address{host_named(life->host, endpoint.host), endpoint.port};
  const auto on_answer = [this, &lane, life, endpoint, address, answer, timer,
                          weak = std::weak_ptr(waits)] {
    const auto waiting = weak.lock();
    if (waiting == nullptr || life->is_over || !can_reach(life->host, address.first)) return;
    if (scheduler_.random().chance(options_.connect_lost_chance)) return;
    SimListener* const listener = pick_listener(address);
    if (listener == nullptr) {
      lane.post([&lane, waiting, answer, endpoint, timer] {
        lane.cancel(timer);
        answer(waiting,
               Error{ErrorCode::kIo,
                     fmt::format("cannot connect to {}: Connection refused", endpoint.to_string()),
                     ECONNREFUSED});
      });
      return;
    }
    SimLink::End connected = make_end(lane, life->host, next_port());
    SimLink::End accepted = make_end(listener->lane(), address.first, address.second);
    auto link =
        std::make_shared<SimLink>(*this, std::array{std::move(connected), std::move(accepted)});
    add_link(link);
    listener->accept(std::make_unique<SimConnection>(link, 1));
    auto mine =
        std::make_shared<std::unique_ptr<io::Connection>>(std::make_unique<SimConnection>(link, 0));
    lane.post([&lane, waiting, answer, mine, timer] {
      lane.cancel(timer);
      answer(waiting, std::move(*mine));
    });
  };
  lane_.call_after(latency(), on_answer);
}

}  // namespace millrace::sim
