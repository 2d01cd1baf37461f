#include "cli/advertised_addresses.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "io/event_loop.h"
#include "io/network.h"

namespace millrace::cli {
namespace {

constexpr Millis kPatience{2000};  // before a silence is told of

constexpr std::string_view kAdvice =
    "the broker tells its clients to connect there: look at its advertised.listeners, and at what "
    "this machine can resolve and reach (which addresses there are: millrace cluster info)";

constexpr std::string_view kBootstrapAdvice = "is a broker running there?";

/// One look at all brokers, on a loop of its own.
class Look {
 public:
  Look(const std::vector<client::NodeDescription>& nodes, Millis limit, Console& console,
       io::Env& env)
      : limit_(limit), console_(console), loop_(env.make_loop()) {
    for (const auto& node : nodes) brokers_.push_back({.node = node});
  }

  Status run() {
    for (std::size_t i = 0; i < brokers_.size(); ++i) {
      loop_->network().connect(endpoint_of(brokers_[i].node), limit_, [this, i](auto made) {
        note_outcome(brokers_[i], std::move(made));
      });
    }
    loop_->call_after(kPatience, [this] { lose_patience(); });
    loop_->run();
    return outcome_;
  }

 private:
  struct Broker {
    client::NodeDescription node;
    bool has_answered = false;
    std::optional<Error> failure = {};
  };

  static io::Endpoint endpoint_of(const client::NodeDescription& node) {
    return {node.host, static_cast<std::uint16_t>(node.port)};
  }

  void note_outcome(Broker& broker, Result<std::unique_ptr<io::Connection>> made) {
    broker.has_answered = true;
    if (!made.ok()) broker.failure = std::move(made).error();
    // A name that does not resolve does not heal by waiting, and some command will need that
    // broker.
    const bool is_nowhere = broker.failure && broker.failure->code == ErrorCode::kNotFound;
    if (is_nowhere) return end(why(broker));
    const bool all_answered = std::all_of(brokers_.begin(), brokers_.end(),
                                          [](const Broker& each) { return each.has_answered; });
    if (all_answered) {
      end(any_is_there() ? Status{} : why(broker));
    } else if (is_out_of_patience_ && any_is_there()) {
      end({});
    }
  }

  void lose_patience() {
    is_out_of_patience_ = true;
    for (const Broker& broker : brokers_) {
      if (broker.has_answered) continue;
      console_.note("millrace: broker {}, which advertises {}, has not answered within {} s\n{}\n",
                    broker.node.id.value(), endpoint_of(broker.node).to_string(),
                    std::chrono::duration_cast<std::chrono::seconds>(kPatience).count(), kAdvice);
    }
    if (any_is_there()) end({});
  }

  bool any_is_there() const {
    return std::any_of(brokers_.begin(), brokers_.end(),
                       [](const Broker& each) { return each.has_answered && !each.failure; });
  }

  static Error why(const Broker& broker) {
    return Error{ErrorCode::kIo,
                 fmt::format("wanted to reach broker {} at {}, as it advertises, found: {}; {}",
                             broker.node.id.value(), endpoint_of(broker.node).to_string(),
                             broker.failure->message, kAdvice)};
  }

  void end(Status outcome) {
    if (std::exchange(has_ended_, true)) return;
    outcome_ = std::move(outcome);
    loop_->stop();
  }

  const Millis limit_;
  Console& console_;
  const std::unique_ptr<io::EventLoop> loop_;
  std::vector<Broker> brokers_;
  bool is_out_of_patience_ = false;
  bool has_ended_ = false;
  Status outcome_;
};

}  // namespace

Status check_advertised_addresses(const std::vector<client::NodeDescription>& nodes, Millis limit,
                                  Console& console, io::Env& env) {
  if (nodes.empty()) return {};
  return Look(nodes, limit, console, env).run();
}

client::OutageListener outage_notes(Console& console) {
  const auto who = [](const client::BrokerOutage& outage) {
    return outage.broker
               ? fmt::format("broker {} at {}, as it advertises,", *outage.broker, outage.address)
               : fmt::format("{} of bootstrap.servers", outage.address);
  };
  return {.on_unreachable =
              [&console, who](const client::BrokerOutage& outage) {
                console.note("millrace: {} cannot be reached: {}; trying on\n{}\n", who(outage),
                             outage.reason, outage.broker ? kAdvice : kBootstrapAdvice);
              },
          .on_reached =
              [&console, who](const client::BrokerOutage& outage) {
                console.note("millrace: {} can be reached again\n", who(outage));
              },
          .on_refused =
              [&console](const client::Refusal& refusal) {
                console.note("millrace: {} is refused: {}; trying on\n", refusal.question,
                             refusal.answer);
              },
          .on_answered =
              [&console](const client::Refusal& refusal) {
                console.note("millrace: {} is answered again\n", refusal.question);
              }};
}

}  // namespace millrace::cli
