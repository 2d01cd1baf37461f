#include "cli/hanging_transactions.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/saturating.h"
#include "wire/error_codes.h"

namespace millrace::cli {
namespace {

// Each partition may answer with thousands of producers, all of them in one frame.
constexpr std::ptrdiff_t kPartitionsPerRequestMax = 500;

using Open = std::vector<OpenInPartition>;

Result<Open> open_in(client::Admin& admin, const std::set<TopicPartition>& partitions,
                     Timestamp now, Millis limit) {
  Open open;
  for (auto from = partitions.begin(); from != partitions.end();) {
    const auto count = std::min(kPartitionsPerRequestMax, std::distance(from, partitions.end()));
    const auto to = std::next(from, count);
    const auto outcomes = admin.describe_producers({from, to});
    if (!outcomes.ok()) return outcomes.error();
    for (const auto& [partition, producers] : *outcomes) {
      if (!producers.ok()) return producers.error();
      for (auto& each : open_for_longer(partition, *producers, now, limit)) {
        open.push_back(std::move(each));
      }
    }
    from = to;
  }
  return open;
}

Result<Described> describe(client::Admin& admin,
                           const std::vector<client::TransactionListing>& known) {
  std::vector<std::string> ids;
  for (const auto& each : known) ids.push_back(each.transactional_id);
  Described described;
  if (ids.empty()) return described;
  const auto outcomes = admin.describe_transactions(ids);
  if (!outcomes.ok()) return outcomes.error();
  for (const auto& [id, outcome] : *outcomes) {
    if (outcome.ok()) {
      described.emplace(id, *outcome);
      continue;
    }
    const Error& error = outcome.error();
    const bool is_forgotten =
        error.code == ErrorCode::kKafka &&
        wire::kafka_error_of(error) == wire::KafkaError::kTransactionalIdNotFound;
    if (!is_forgotten) return error;
  }
  return described;
}

bool has_partition(const client::TransactionDescription& transaction,
                   const TopicPartition& partition) {
  return std::find(transaction.partitions.begin(), transaction.partitions.end(), partition) !=
         transaction.partitions.end();
}

}  // namespace

Millis OpenInPartition::silent_for(Timestamp now) const {
  return Millis{saturating_subtract(now.value(), producer.last_timestamp.value())};
}

std::vector<OpenInPartition> open_for_longer(const TopicPartition& partition,
                                             const std::vector<client::ProducerState>& producers,
                                             Timestamp now, Millis limit) {
  Open open;
  for (const auto& producer : producers) {
    OpenInPartition each{partition, producer};
    if (producer.transaction_start && each.silent_for(now) > limit) open.push_back(std::move(each));
  }
  return open;
}

std::vector<OpenInPartition> without_coordinator(
    const std::vector<OpenInPartition>& open, const std::vector<client::TransactionListing>& known,
    const Described& described) {
  const auto is_in_hand = [&](const OpenInPartition& each) {
    return std::any_of(known.begin(), known.end(), [&](const auto& listing) {
      if (listing.producer_id != each.producer.id) return false;
      const auto found = described.find(listing.transactional_id);
      return found != described.end() && has_partition(found->second, each.partition);
    });
  };
  Open hanging;
  std::remove_copy_if(open.begin(), open.end(), std::back_inserter(hanging), is_in_hand);
  return hanging;
}

Result<std::vector<OpenInPartition>> find_hanging(client::Admin& admin,
                                                  const std::set<TopicPartition>& partitions,
                                                  Timestamp now, Millis limit) {
  const auto open = open_in(admin, partitions, now, limit);
  if (!open.ok() || open->empty()) return open;
  std::set<ProducerId> producers;
  for (const auto& each : *open) producers.insert(each.producer.id);
  client::TransactionFilter filter;
  filter.producer_ids.assign(producers.begin(), producers.end());
  const auto known = admin.list_transactions(filter);
  if (!known.ok()) return known.error();
  const auto described = describe(admin, *known);
  if (!described.ok()) return described.error();

  const Open hanging = without_coordinator(*open, *known, *described);
  std::set<TopicPartition> suspects;
  for (const auto& each : hanging) suspects.insert(each.partition);
  const auto still_open = open_in(admin, suspects, now, limit);
  if (!still_open.ok()) return still_open.error();
  Open found;
  std::copy_if(hanging.begin(), hanging.end(), std::back_inserter(found), [&](const auto& each) {
    return std::any_of(still_open->begin(), still_open->end(), [&](const auto& other) {
      return other.partition == each.partition && other.producer.id == each.producer.id &&
             other.start() == each.start();
    });
  });
  return found;
}

}  // namespace millrace::cli
