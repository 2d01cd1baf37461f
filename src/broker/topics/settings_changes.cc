// The changes of settings that a ClusterMetadata makes: planned, written, put into force.
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "base/check.h"
#include "broker/topics/cluster_metadata.h"
#include "broker/topics/topic_rules.h"

namespace millrace::broker {

namespace {

/// What a change has to be told of.
struct Touched {
  std::set<std::string> topics;
  bool brokers = false;
};

Touched touched_by(const MetadataImage::Records& records) {
  Touched touched;
  for (const auto& record : records) {
    const auto* const config = std::get_if<wire::ConfigRecord>(&record);
    if (config == nullptr) continue;
    const auto type = static_cast<ConfigResourceType>(config->resource_type);
    if (type == ConfigResourceType::kTopic) touched.topics.insert(config->resource_name);
    if (type == ConfigResourceType::kBroker) touched.brokers = true;
  }
  return touched;
}

/// The same topic with other settings; its logs go by them from now on.
std::shared_ptr<const Topic> reconfigured(const Topic& topic, const TopicConfigs& configs,
                                          const ConfigOverrides& defaults) {
  const auto log_config = log_config_of(configs, defaults);
  CHECK(log_config.ok(), "{}: what is set was admitted", topic.name);
  auto changed = std::make_shared<Topic>(topic);
  changed->configs = configs;
  changed->min_insync_replicas = static_cast<std::int32_t>(log_config->min_insync_replicas);
  for (const auto& partition : changed->partitions) partition->set_log_config(*log_config);
  return changed;
}

}  // namespace

std::shared_ptr<const SettingsInForce> ClusterMetadata::settings() const {
  return settings_.with([](const auto& current) { return current; });
}

void ClusterMetadata::publish_settings(const MetadataImage& image) {
  auto next = std::make_shared<const SettingsInForce>(
      settings_in_force(image.settings(), config_, directory_.node_id()));
  settings_.with([&](auto& current) { current.swap(next); });
}

Status ClusterMetadata::change(const Plan& plan, Really really) {
  auto status = writer_->with([&](Writer& writer) -> Status {
    const auto records = plan(writer.image);
    if (!records.ok()) return records.error();
    if (really == Really::kOnlyCheck || records->empty()) return {};
    if (auto written = write(writer, *records); !written.ok()) return written;
    put_into_force(writer.image, *records);
    return {};
  });
  if (status.ok() && really == Really::kChange && on_settings_) on_settings_();
  return status;
}

void ClusterMetadata::put_into_force(const MetadataImage& image,
                                     const MetadataImage::Records& records) {
  publish_settings(image);
  const auto defaults = settings()->topic_defaults;
  const Touched touched = touched_by(records);
  if (touched.topics.empty() && !touched.brokers) return;
  const auto current = table();
  TopicTable next = *current;
  for (const auto& [name, topic] : current->by_name()) {
    const TopicImage* const wanted = image.find(name);
    const bool is_touched = touched.brokers || touched.topics.contains(name);
    if (is_touched && wanted != nullptr) next.add(reconfigured(*topic, wanted->configs, defaults));
  }
  publish(std::move(next));
}

}  // namespace millrace::broker
