#include "client/admin.h"

#include "base/check.h"
#include "client/admin/admin_core.h"
#include "wire/messages/describe_cluster.h"

namespace millrace::client {

Admin::Admin(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Admin::~Admin() = default;
Admin::Admin(Admin&&) noexcept = default;
Admin& Admin::operator=(Admin&&) noexcept = default;

Admin::Core& Admin::core() const {
  CHECK(core_ != nullptr, "an Admin that was moved from was called");
  return *core_;
}

Result<Admin> Admin::create(const Properties& properties, io::Env* env) {
  auto config = read_admin_config(properties);
  if (!config.ok()) return std::move(config).error();
  return Admin(std::make_unique<Core>(std::move(config).value(), io::LentEnv(env)));
}

Result<ClusterDescription> Admin::describe_cluster() {
  using Response = wire::DescribeClusterResponse;
  auto answer = core().ask<wire::DescribeClusterRequest, Response>(
      Target::any(), {},
      [](const Response& each) { return static_cast<wire::KafkaError>(each.error_code); });
  if (!answer.ok()) return std::move(answer).error();
  if (answer->error_code != 0) {
    return admin_error(answer->error_code, "describe cluster", answer->error_message);
  }
  ClusterDescription description{answer->cluster_id, BrokerId{answer->controller_id}, {}};
  for (const auto& node : answer->brokers) {
    description.nodes.push_back({BrokerId{node.broker_id}, node.host, node.port, node.rack});
  }
  return description;
}

void Admin::wakeup() {
  core().wakeup();
}

}  // namespace millrace::client
