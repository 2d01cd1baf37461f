#include "broker/broker.h"

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "broker/broker_core.h"
#include "broker/housekeeping.h"
#include "broker/log_cleaning.h"
#include "broker/nodes/node_switch.h"
#include "broker/session/loop_sockets.h"
#include "broker/session/serving_loop.h"
#include "io/handoff.h"

namespace millrace::broker {

/// Members are made in this order and go in the opposite one: loops before what handlers use.
class Broker::Runtime {
 public:
  static Result<std::unique_ptr<Runtime>> start(io::Env& env, BrokerConfig config) {
    const int processors = static_cast<int>(std::thread::hardware_concurrency());
    if (config.loops <= 0) config.loops = std::max(1, processors);
    auto core = BrokerCore::open(env, std::move(config));
    if (!core.ok()) return std::move(core).error();

    auto runtime = std::make_unique<Runtime>(env, std::move(core).value());
    auto status = runtime->serve(env);
    if (status.ok()) return runtime;
    (void)runtime->stop();  // why it did not start matters more
    return std::move(status).error();
  }

  Runtime(io::Env& env, std::unique_ptr<BrokerCore> core) : env_(env), core_(std::move(core)) {}

  const BrokerCore& core() const { return *core_; }

  /// change  &NodeSwitch::stop or &NodeSwitch::start
  Status turn(BrokerId node, void (NodeSwitch::*change)(BrokerId, NodeSwitch::Done)) {
    const auto outcome = std::make_shared<io::Handoff<Status>>(env_);
    (core_->node_switch().*change)(node,
                                   [outcome](Status status) { outcome->put(std::move(status)); });
    return outcome->take();
  }

  Status stop() {
    if (std::exchange(is_stopped_, true)) return {};
    cleaning_.reset();
    housekeeping_.reset();
    core_->stop_coordinators();
    core_->drain_flushes();
    for (const auto& loop : loops_) loop->begin_stop();
    for (const auto& loop : loops_) loop->join();
    // Groups hold timers of the first loop: they go before it does.
    auto status = core_->close();
    loops_.clear();
    if (status.ok()) return status;
    return std::move(status).error().with_context("the broker did not stop cleanly");
  }

 private:
  Status serve(io::Env& env) {
    const int count = core_->state().config.loops;
    for (int index = 0; index < count; ++index)
      loops_.push_back(std::make_unique<ServingLoop>(env, core_->handlers(), core_->state()));
    if (auto status = core_->start_coordinators(loops_.front()->loop()); !status.ok())
      return status;
    sockets_ = std::make_unique<LoopSockets>(loops_, core_->state().config.send_buffer_bytes);
    core_->node_switch().use(sockets_.get());
    const auto nodes = core_->nodes().list();  // as planned; what is learned meanwhile is elsewhere
    for (const Node& node : *nodes) {
      if (auto status = listen(node); !status.ok()) return status;
    }
    housekeeping_ = std::make_unique<Housekeeping>(env, *core_);
    cleaning_ = std::make_unique<LogCleaning>(env, core_->metadata(), core_->directory());
    for (const auto& loop : loops_) loop->start();
    return {};
  }

  Status listen(const Node& node) {
    // The first try shares the port with nobody, not even with another broker that would share.
    const std::size_t send_buffer_bytes = core_->state().config.send_buffer_bytes;
    auto taken =
        loops_.front()->listen(node.id, node.listens, {.send_buffer_bytes = send_buffer_bytes});
    if (!taken.ok()) return std::move(taken).error();
    const io::Endpoint endpoint{node.listens.host, taken->port};
    core_->nodes().set_listening(node.id, *taken);
    if (loops_.size() == 1) return {};

    loops_.front()->close_listener(node.id);
    for (const auto& loop : loops_) {
      auto shared = loop->listen(
          node.id, endpoint,
          {.sharing = io::PortSharing::kAmongLoops, .send_buffer_bytes = send_buffer_bytes});
      if (!shared.ok()) return std::move(shared).error();
    }
    return {};
  }

  io::Env& env_;
  std::unique_ptr<BrokerCore> core_;
  std::vector<std::unique_ptr<ServingLoop>> loops_;
  std::unique_ptr<LoopSockets> sockets_;
  std::unique_ptr<Housekeeping> housekeeping_;
  std::unique_ptr<LogCleaning> cleaning_;
  bool is_stopped_ = false;
};

Broker::Broker(std::unique_ptr<Runtime> runtime) : runtime_(std::move(runtime)) {}

Broker::~Broker() {
  if (const auto status = stop(); !status.ok())
    LOG_ERROR("a broker ended", {{"reason", status.error().to_string()}});
}

Result<std::unique_ptr<Broker>> Broker::start(io::Env& env, BrokerConfig config) {
  auto runtime = Runtime::start(env, std::move(config));
  if (!runtime.ok()) return std::move(runtime).error();
  return std::unique_ptr<Broker>(new Broker(std::move(runtime).value()));
}

io::Endpoint Broker::kafka_endpoint() const {
  return runtime_->core().nodes().list()->front().listens;
}

std::vector<io::Endpoint> Broker::kafka_endpoints() const {
  std::vector<io::Endpoint> endpoints;
  const auto nodes = runtime_->core().nodes().list();
  for (const Node& node : *nodes) endpoints.push_back(node.listens);
  return endpoints;
}

std::vector<io::Endpoint> Broker::advertised_endpoints() const {
  std::vector<io::Endpoint> endpoints;
  const auto nodes = runtime_->core().nodes().list();
  for (const Node& node : *nodes) {
    if (node.advertised) endpoints.push_back(*node.advertised);
  }
  return endpoints;
}

Status Broker::stop_node(BrokerId node) {
  return runtime_->turn(node, &NodeSwitch::stop);
}

Status Broker::start_node(BrokerId node) {
  return runtime_->turn(node, &NodeSwitch::start);
}

const Uuid& Broker::cluster_id() const {
  return runtime_->core().directory().cluster_id();
}

const std::string& Broker::data_directory() const {
  return runtime_->core().directory().path();
}

std::string Broker::metrics_text() const {
  return runtime_->core().metrics().to_text();
}

Status Broker::stop() {
  return runtime_->stop();
}

}  // namespace millrace::broker
