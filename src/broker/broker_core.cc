#include "broker/broker_core.h"

#include <string>
#include <utility>

#include "base/log.h"

namespace millrace::broker {

BrokerCore::BrokerCore(io::Env& env, BrokerConfig config,
                       std::unique_ptr<EphemeralDirectory> ephemeral,
                       std::unique_ptr<storage::DataDirectory> directory, NodeList nodes)
    : env_(env),
      config_(std::move(config)),
      ephemeral_(std::move(ephemeral)),
      directory_(std::move(directory)),
      nodes_(std::make_unique<Nodes>(std::move(nodes))),
      flusher_(env),
      fetch_sessions_(config_.fetch_sessions, env.make_random()) {}

BrokerCore::~BrokerCore() {
  flusher_.drain();
}

Result<std::unique_ptr<BrokerCore>> BrokerCore::open(io::Env& env, BrokerConfig config) {
  // Before anything is made: nothing is left of a broker that cannot be.
  if (auto planned = plan_nodes(config, BrokerId{config.node_id}); !planned.ok())
    return std::move(planned).error();
  std::unique_ptr<EphemeralDirectory> ephemeral;
  if (config.ephemeral) {
    auto made = EphemeralDirectory::make(env);
    if (!made.ok()) return std::move(made).error();
    ephemeral = std::move(made).value();
    config.data_directory = ephemeral->path();
  }
  auto random = env.make_random();
  auto directory = storage::DataDirectory::open(env.files(), config.data_directory,
                                                {.cluster_id = Uuid::random(random),
                                                 .node_id = BrokerId{config.node_id},
                                                 .directory_id = Uuid::random(random)});
  if (!directory.ok()) return std::move(directory).error();

  auto nodes = plan_nodes(config, directory.value()->node_id());
  if (!nodes.ok()) return std::move(nodes).error();
  std::unique_ptr<BrokerCore> core(new BrokerCore(env, std::move(config), std::move(ephemeral),
                                                  std::move(directory).value(),
                                                  std::move(nodes).value()));
  auto metadata = ClusterMetadata::open(env, core->config_, *core->nodes_, *core->directory_,
                                        {core->config_.fsync, &core->flusher_});
  if (!metadata.ok()) {
    // Nothing was appended: the next start must trust these files as this one did, and not cut
    // them, whatever stood in the way: damage, a limit of open files, a right that is missing.
    if (core->directory_->previous_stop() == storage::PreviousStop::kClean) {
      if (auto status = core->directory_->mark_clean(); !status.ok())
        return std::move(status).error();
    }
    auto why = std::move(metadata).error();
    return why.code == ErrorCode::kDiskFull ? core->directory_->with_advice(std::move(why)) : why;
  }
  core->metadata_ = std::move(metadata).value();
  core->node_switch_ = std::make_unique<NodeSwitch>(*core->nodes_, *core->metadata_);
  core->offsets_log_ =
      std::make_unique<InternalTopicLog>(kOffsetsTopic, *core->metadata_, env, core->config_);
  core->groups_here_ = std::make_unique<CoordinatedHere>(*core->metadata_, ResourceType::kGroup);
  core->transactions_here_ =
      std::make_unique<CoordinatedHere>(*core->metadata_, ResourceType::kTransactionalId);
  core->handlers_ = make_handler_table();
  core->requests_ = std::make_unique<RequestCounters>(core->handlers_, core->metrics_);
  core->state_.emplace(BrokerState{.config = core->config_,
                                   .nodes = *core->nodes_,
                                   .node_switch = *core->node_switch_,
                                   .cluster_id = core->directory_->cluster_id(),
                                   .directory_id = core->directory_->directory_id(),
                                   .env = env,
                                   .topics = *core->metadata_,
                                   .settings = *core->metadata_,
                                   .quotas = core->quotas_,
                                   .producer_ids = *core->metadata_,
                                   .fetch_sessions = core->fetch_sessions_,
                                   .authorizer = &core->authorizer_,
                                   .groups_here = core->groups_here_.get(),
                                   .transactions_here = core->transactions_here_.get(),
                                   .handlers = &core->handlers_,
                                   .requests = core->requests_.get()});
  return core;
}

Status BrokerCore::start_coordinators(io::EventLoop& loop) {
  groups_ = std::make_unique<GroupService>(metadata_->settings()->config.groups, *offsets_log_,
                                           loop, env_.clock(), env_.make_random(),
                                           [this] { return metadata_->table(); });
  state_->groups = groups_.get();
  metadata_->on_removed([this](const Topic& topic) { groups_->topic_deleted(topic.name); });
  if (auto loaded = groups_->load(); !loaded.ok()) return loaded;
  // After the groups: markers that are still to be written tell them of offsets.
  transactions_log_ =
      std::make_unique<InternalTopicLog>(kTransactionsTopic, *metadata_, env_, config_);
  markers_ = std::make_unique<PartitionMarkerWriter>(*metadata_, env_.clock(), *groups_);
  transactions_ = std::make_unique<TransactionService>(metadata_->settings()->config.transactions,
                                                       *transactions_log_, *markers_, *metadata_,
                                                       loop, env_.clock());
  metadata_->on_settings([this] {
    const auto settings = metadata_->settings();
    transactions_->set_version(settings->config.transactions.version);
    groups_->set_consumer_times(settings->config.groups.consumer_times);
  });
  state_->transactions = transactions_.get();
  return transactions_->load();
}

void BrokerCore::stop_coordinators() {
  if (transactions_ != nullptr) transactions_->stop();
  if (groups_ != nullptr) groups_->stop();
}

void BrokerCore::apply_retention(Timestamp now) {
  const auto table = metadata_->table();
  for (const auto& [name, topic] : table->by_name()) {
    for (const auto& partition : topic->partitions) {
      if (auto status = partition->apply_retention(now); !status.ok())
        LOG_WARN("retention failed",
                 {{"partition", partition->name()}, {"reason", status.error().to_string()}});
    }
  }
}

void BrokerCore::expire_producers(Timestamp now) {
  const Millis expiration = metadata_->settings()->config.producer_id_expiration;
  const auto table = metadata_->table();
  for (const auto& [name, topic] : table->by_name()) {
    for (const auto& partition : topic->partitions) partition->expire_producers(now, expiration);
  }
}

Status BrokerCore::write_checkpoints() {
  return metadata_->write_checkpoints();
}

Status BrokerCore::close() {
  transactions_.reset();
  groups_.reset();
  flusher_.drain();
  if (ephemeral_ != nullptr) return ephemeral_->remove();

  if (auto status = metadata_->close(); !status.ok()) return status;
  if (auto status = write_checkpoints(); !status.ok()) return status;
  return directory_->mark_clean();
}

}  // namespace millrace::broker
