#include "broker/session/serving_loop.h"

#include <utility>

namespace millrace::broker {

ServingLoop::ServingLoop(io::Env& env, const HandlerTable& handlers, BrokerState& state)
    : loop_(env.make_loop()), env_(env), host_{*loop_, env.clock(), handlers, state} {}

ServingLoop::~ServingLoop() {
  if (thread_ == nullptr) return;
  begin_stop();
  join();
}

Result<io::Endpoint> ServingLoop::listen(BrokerId node, const io::Endpoint& endpoint,
                                         io::ListenOptions options) {
  auto listener = loop_->network().listen(endpoint, options,
                                          [this, node](std::unique_ptr<io::Connection> connection) {
                                            accept(node, std::move(connection));
                                          });
  if (!listener.ok()) return std::move(listener).error();
  auto& kept = listeners_[node];
  kept = std::move(listener).value();
  return kept->local_endpoint();
}

void ServingLoop::end_node(BrokerId node) {
  close_listener(node);
  for (const auto& [id, session] : sessions_) {
    if (session->connection_state().node == node) session->stop();
  }
}

void ServingLoop::start() {
  thread_ = env_.start_thread("broker-loop", [this] { loop_->run(); });
}

void ServingLoop::begin_stop() {
  loop_->post([this] { stop_sessions(); });
}

void ServingLoop::join() {
  if (thread_ != nullptr) thread_->join();
}

void ServingLoop::accept(BrokerId node, std::unique_ptr<io::Connection> connection) {
  if (is_stopping_) return;
  const std::uint64_t id = next_session_++;
  auto session = std::make_shared<Session>(std::move(connection), host_, node);
  sessions_.emplace(id, session);
  // Forgotten from a task of its own: the connection is still in its callback when it says so.
  session->start([this, id] { loop_->post([this, id] { forget(id); }); });
}

void ServingLoop::forget(std::uint64_t session) {
  sessions_.erase(session);
  if (is_stopping_ && sessions_.empty()) loop_->stop();
}

void ServingLoop::stop_sessions() {
  is_stopping_ = true;
  listeners_.clear();
  if (sessions_.empty()) return loop_->stop();
  loop_->call_after(kFarewell, [this] { loop_->stop(); });
  for (const auto& [id, session] : sessions_) session->stop();
}

}  // namespace millrace::broker
