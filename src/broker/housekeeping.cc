#include "broker/housekeeping.h"

#include <utility>

#include "base/log.h"

namespace millrace::broker {

namespace {

/// How much longer than file.delete.delay.ms a file may stay.
constexpr Millis kRemovalInterval{5'000};
/// Until a disk that was full at the start is looked at again: producers wait for it.
constexpr Millis kSettleInterval{1'000};

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
  settle_later();
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

/// For as long as something is owed, which is hardly ever.
void Housekeeping::settle_later() {
  if (!core_.owes()) return;
  loop_->call_after(kSettleInterval, [this] {
    (void)core_.settle();  // the start has said why not
    settle_later();
  });
}

}  // namespace millrace::broker
