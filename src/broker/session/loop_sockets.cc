#include "broker/session/loop_sockets.h"

#include <atomic>
#include <optional>
#include <utility>

#include "base/guarded.h"

namespace millrace::broker {

namespace {

/// The listeners of one node, of which some may fail.
class Opening {
 public:
  explicit Opening(std::size_t loops) : state_(State{loops, {}}) {}

  /// What became of all; nothing while some are on their way.
  std::optional<Status> note(Status status) {
    return state_.with([&](State& state) -> std::optional<Status> {
      if (state.first_failure.ok()) state.first_failure = std::move(status);
      if (--state.left > 0) return std::nullopt;
      return state.first_failure;
    });
  }

 private:
  struct State {
    std::size_t left;
    Status first_failure;
  };
  Guarded<State> state_;
};

}  // namespace

void LoopSockets::close(BrokerId node, std::function<void()> done) {
  const auto left = std::make_shared<std::atomic<std::size_t>>(loops_.size());
  for (const auto& each : loops_) {
    each->loop().post([loop = each.get(), node, left, done] {
      loop->end_node(node);
      if (--*left == 0) done();
    });
  }
}

void LoopSockets::open(const Node& node, std::function<void(Status)> done) {
  // As at the start, the first try shares the port with nobody.
  loops_.front()->loop().post([this, node, done = std::move(done)] {
    ServingLoop& first = *loops_.front();
    const auto taken =
        first.listen(node.id, node.listens, {.send_buffer_bytes = send_buffer_bytes_});
    if (!taken.ok()) return done(taken.error());
    if (loops_.size() == 1) return done({});
    first.close_listener(node.id);
    open_on_all(node, done);
  });
}

void LoopSockets::open_on_all(const Node& node, const std::function<void(Status)>& done) {
  const auto opening = std::make_shared<Opening>(loops_.size());
  const io::ListenOptions options{.sharing = io::PortSharing::kAmongLoops,
                                  .send_buffer_bytes = send_buffer_bytes_};
  for (const auto& each : loops_) {
    each->loop().post([this, loop = each.get(), node, options, opening, done] {
      const auto listens = loop->listen(node.id, node.listens, options);
      const auto all = opening->note(listens.ok() ? Status{} : Status{listens.error()});
      if (!all) return;
      if (all->ok()) return done({});
      close(node.id, [done, failure = *all] { done(failure); });
    });
  }
}

}  // namespace millrace::broker
