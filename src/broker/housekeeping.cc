#include "broker/housekeeping.h"

#include <utility>

#include "base/log.h"

namespace millrace::broker {

namespace {

/// How much longer than file.delete.delay.ms a file may stay.
constexpr Millis kRemovalInterval{5'000};

}  // namespace

Housekeeping::Housekeeping(io::Env& env, BrokerCore& core)
    : env_(env), core_(core), loop_(env.make_loop()) {
  const BrokerConfig& config = core.state().config;
  repeat(config.log_retention_check_interval, [this] {
    const Timestamp now = env_.clock().wall();
    core_.apply_retention(now);
    core_.expire_producers(now);
  });
  repeat(kRemovalInterval, [this] { core_.remove_given_up_files(env_.clock().monotonic()); });
  repeat(config.recovery_point_interval, [this] {
    if (auto status = core_.write_checkpoints(); !status.ok())
      LOG_WARN("could not write checkpoints", {{"reason", status.error().to_string()}});
  });
  thread_ = env.start_thread("housekeeping", [this] { loop_->run(); });
}

Housekeeping::~Housekeeping() {
  loop_->post([this] { loop_->stop(); });  // heard even when the thread has not begun to run it
  thread_->join();
}

void Housekeeping::repeat(Millis interval, std::function<void()> chore) {
  loop_->call_after(interval, [this, interval, chore = std::move(chore)] {
    chore();
    repeat(interval, chore);
  });
}

}  // namespace millrace::broker
