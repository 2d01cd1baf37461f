#include "broker/nodes/node_switch.h"

#include <fmt/format.h>

#include <utility>

#include "base/log.h"
#include "base/probe.h"
#include "broker/topics/topic_catalogue.h"
#include "wire/error_codes.h"

namespace millrace::broker {

using wire::KafkaError;
using wire::make_error;

Status NodeSwitch::begin(BrokerId node) {
  if (find_node(*nodes_.list(), node) == nullptr)
    return make_error(KafkaError::kBrokerIdNotRegistered,
                      fmt::format("there is no broker {}", node));
  const bool is_busy =
      is_changing_.with([](bool& is_changing) { return std::exchange(is_changing, true); });
  if (is_busy)
    return make_error(KafkaError::kRequestTimedOut,
                      "another broker is being stopped or started: try again");
  return {};
}

void NodeSwitch::finish(const Done& done, Status status) {
  is_changing_.with([](bool& is_changing) { is_changing = false; });
  done(std::move(status));
}

void NodeSwitch::stop(BrokerId node, Done done, Tell tell) {
  if (auto status = begin(node); !status.ok()) return done(std::move(status));
  if (!find_node(*nodes_.list(), node)->is_running) return finish(done, {});
  if (nodes_.running().size() == 1)
    return finish(done, make_error(KafkaError::kInvalidRequest,
                                   fmt::format("broker {} is the last that runs: nobody could "
                                               "start it again",
                                               node)));
  nodes_.set_running(node, false);
  const Running running = nodes_.running();
  auto status = topics_.replace_placements([&](const TopicPartition&, const Placement& placement) {
    return without_node(placement, node, running);
  });
  if (!status.ok()) {
    nodes_.set_running(node, true);
    return finish(done, std::move(status));
  }
  PROBE("broker: a node of several stopped");
  LOG_INFO("a broker of this process was stopped", {{"broker", node}});
  if (sockets_ == nullptr) return finish(done, {});
  if (tell == Tell::kWhenLeadersMoved) std::exchange(done, [](const Status&) {})({});
  sockets_->close(node, [this, done = std::move(done)] { finish(done, {}); });
}

void NodeSwitch::take_back(BrokerId node, const Done& done, Status why) {
  nodes_.set_running(node, false);
  if (sockets_ == nullptr) return finish(done, std::move(why));
  sockets_->close(node, [this, done, why = std::move(why)] { finish(done, why); });
}

void NodeSwitch::start(BrokerId node, Done done) {
  if (auto status = begin(node); !status.ok()) return done(std::move(status));
  const auto nodes = nodes_.list();
  const Node& found = *find_node(*nodes, node);
  if (found.is_running) return finish(done, {});
  const auto come_back = [this, node, done = std::move(done)](const Status& listens) {
    if (!listens.ok())
      return finish(done, make_error(KafkaError::kBrokerNotAvailable, listens.error().message));
    nodes_.set_running(node, true);
    const Running running = nodes_.running();
    auto status =
        topics_.replace_placements([&](const TopicPartition&, const Placement& placement) {
          return with_node(placement, node, running);
        });
    // It would run and be in sync nowhere, and another start would find that it runs.
    if (!status.ok()) return take_back(node, done, std::move(status));
    LOG_INFO("a broker of this process was started again", {{"broker", node}});
    finish(done, {});
  };
  if (sockets_ == nullptr) return come_back({});
  sockets_->open(found, come_back);
}

}  // namespace millrace::broker
