#include "broker/broker.h"

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "broker/broker_core.h"
#include "broker/housekeeping.h"
#include "broker/log_cleaning.h"
#include "broker/session/serving_loop.h"

namespace millrace::broker {

/// Members are made in this order and go in the opposite one: loops before what handlers use.
class Broker::Runtime {
 public:
  static Result<std::unique_ptr<Runtime>> start(io::Env& env, BrokerConfig config) {
    const int processors = static_cast<int>(std::thread::hardware_concurrency());
    if (config.loops <= 0) config.loops = std::max(1, processors);
    auto core = BrokerCore::open(env, std::move(config));
    if (!core.ok()) return std::move(core).error();

    auto runtime = std::make_unique<Runtime>(std::move(core).value());
    auto status = runtime->serve(env);
    if (status.ok()) return runtime;
    (void)runtime->stop();  // why it did not start matters more
    return std::move(status).error();
  }

  explicit Runtime(std::unique_ptr<BrokerCore> core) : core_(std::move(core)) {}

  const BrokerCore& core() const { return *core_; }
  const io::Endpoint& endpoint() const { return endpoint_; }

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
    if (auto status = listen(); !status.ok()) return status;
    housekeeping_ = std::make_unique<Housekeeping>(env, *core_);
    cleaning_ = std::make_unique<LogCleaning>(env, core_->state().config, core_->metadata(),
                                              core_->directory());
    for (const auto& loop : loops_) loop->start();
    return {};
  }

  Status listen() {
    // The first try shares the port with nobody, not even with another broker that would share.
    const BrokerConfig& config = core_->state().config;
    const std::size_t send_buffer_bytes = config.send_buffer_bytes;
    auto taken = loops_.front()->listen(config.kafka, {.send_buffer_bytes = send_buffer_bytes});
    if (!taken.ok()) return std::move(taken).error();
    endpoint_ = *taken;
    if (loops_.size() == 1) return {};

    loops_.front()->close_listener();
    const io::Endpoint endpoint{config.kafka.host, endpoint_.port};
    for (const auto& loop : loops_) {
      auto shared = loop->listen(endpoint, {.sharing = io::PortSharing::kAmongLoops,
                                            .send_buffer_bytes = send_buffer_bytes});
      if (!shared.ok()) return std::move(shared).error();
    }
    return {};
  }

  std::unique_ptr<BrokerCore> core_;
  std::vector<std::unique_ptr<ServingLoop>> loops_;
  std::unique_ptr<Housekeeping> housekeeping_;
  std::unique_ptr<LogCleaning> cleaning_;
  io::Endpoint endpoint_;
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
  return runtime_->endpoint();
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
