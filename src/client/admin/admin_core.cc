#include "client/admin/admin_core.h"

namespace millrace::client {

Error admin_error(std::int16_t code, std::string_view context,
                  const std::optional<std::string>& message) {
  std::string text(context);
  if (message && !message->empty()) text += ": " + *message;
  return wire::make_error(static_cast<wire::KafkaError>(code), text);
}

Result<void> admin_outcome(std::int16_t code, std::string_view context,
                           const std::optional<std::string>& message) {
  if (code == 0) return {};
  return admin_error(code, context, message);
}

Admin::Core::Core(AdminConfig config, io::LentEnv env)
    : env_(std::move(env)), config_(std::move(config)), thread_(*env_, "admin-io") {
  thread_.run([&] {
    cluster_ = std::make_unique<Cluster>(thread_.loop(), config_.connection, env_->make_random());
    cluster_->set_unknown_topics(Cluster::UnknownTopics::kLeave);
  });
}

Admin::Core::~Core() {
  thread_.run([&] { cluster_.reset(); });
  thread_.stop();
}

void Admin::Core::wakeup() {
  thread_.post([this] {
    if (auto end = std::exchange(end_waiting_, nullptr)) return end();
    is_woken_ = true;
  });
}

Status Admin::Core::back_off(int attempt, MonotonicTime until) {
  return await<void>([&](Done<void> done) {
    const Backoff& backoff = config_.connection.retry_backoff;
    const auto left = std::max(Millis{0}, std::chrono::ceil<Millis>(until - now()));
    cluster_->call_later(std::min(left, next_delay(backoff, attempt, cluster_->random())),
                         std::move(done));
  });
}

Result<wire::MetadataResponse> Admin::Core::metadata(
    const std::optional<std::vector<std::string>>& topics) {
  wire::MetadataRequest request;
  request.allow_auto_topic_creation = false;
  request.topics.reset();
  if (topics) {
    request.topics.emplace();
    for (const std::string& name : *topics) {
      request.topics->push_back({.topic_id = {}, .name = name});
    }
  }
  auto answer = ask<wire::MetadataRequest, wire::MetadataResponse>(Target::any(), request);
  if (answer.ok()) thread_.run([&] { cluster_->metadata().update(*answer); });
  return answer;
}

Result<std::vector<BrokerId>> Admin::Core::broker_ids() {
  auto answer = metadata(std::vector<std::string>{});
  if (!answer.ok()) return std::move(answer).error();
  std::vector<BrokerId> ids;
  for (const auto& broker : answer->brokers) ids.emplace_back(broker.node_id);
  return ids;
}

Result<BrokerId> Admin::Core::coordinator(const CoordinatorKey& key) {
  return thread_.await<Result<BrokerId>>(
      [&](Done<BrokerId> done) { cluster_->find_coordinator(key, deadline(), std::move(done)); });
}

}  // namespace millrace::client
