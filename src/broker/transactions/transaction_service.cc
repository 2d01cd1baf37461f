#include "broker/transactions/transaction_service.h"

#include <utility>

#include "broker/coordination/coordinator_shell.h"
#include "broker/coordination/log_loader.h"
#include "broker/transactions/transaction_coordinator.h"

namespace millrace::broker {

class TransactionService::Shell final : public CoordinatorShell<TransactionCoordinator> {
 public:
  Shell(const TransactionConfig& config, CoordinatorLog& log, MarkerWriter& markers,
        ProducerIds& producer_ids, io::EventLoop& loop, const Clock& clock)
      : CoordinatorShell(log, loop, clock, config, producer_ids),
        producer_ids_(producer_ids),
        markers_(markers) {}

  /// The same as ask() for a request that may take a producer id. Ids are written down before:
  /// under the coordinator's lock nobody waits for a disk.
  template <class OneResponse, class Input>
  void ask_for_id(Responder<OneResponse> reply, Input&& input) {
    producer_ids_.refill();
    ask(std::move(reply), std::forward<Input>(input));
  }

  Status load_all() {
    auto loaded = load([](CoordinatorLog& log, TransactionCoordinator& coordinator, Instant) {
      return load_log(log, [&](PartitionId, const wire::BatchHeader& batch, std::string_view key,
                               std::optional<std::string_view> value) {
        return coordinator.replay(batch, key, value);
      });
    });
    if (!loaded.ok()) return loaded;
    tell([](TransactionCoordinator& coordinator, Instant now) {
      return coordinator.finish_replay(now);
    });
    return {};
  }

 private:
  void run_errands(TransactionEffects effects) override {
    for (const TransactionMarkers& markers : effects.markers) {
      markers_.write(markers, [weak = weak_from_this(), markers](std::set<TopicPartition> failed) {
        const auto shell = weak.lock();
        if (shell == nullptr) return;
        static_cast<Shell&>(*shell).tell([&](TransactionCoordinator& coordinator, Instant now) {
          return coordinator.markers_written(markers, std::move(failed), now);
        });
      });
    }
  }

  ProducerIds& producer_ids_;
  MarkerWriter& markers_;
};

TransactionService::TransactionService(const TransactionConfig& config, CoordinatorLog& log,
                                       MarkerWriter& markers, ProducerIds& producer_ids,
                                       io::EventLoop& loop, const Clock& clock)
    : shell_(std::make_shared<Shell>(config, log, markers, producer_ids, loop, clock)) {}

TransactionService::~TransactionService() {
  stop();
}

Status TransactionService::load() {
  return shell_->load_all();
}

void TransactionService::stop() {
  shell_->stop();
}

void TransactionService::set_version(std::int16_t version) {
  shell_->tell([&](TransactionCoordinator& coordinator, Instant) {
    coordinator.set_version(version);
    return TransactionEffects{};
  });
}

void TransactionService::init_producer_id(wire::InitProducerIdRequest request,
                                          Responder<wire::InitProducerIdResponse> reply) {
  shell_->ask_for_id(std::move(reply),
                     [&](TransactionCoordinator& coordinator, RequestToken token, Instant now) {
                       return coordinator.init_producer_id(token, request, now);
                     });
}

void TransactionService::add_partitions(wire::AddPartitionsToTxnRequest request,
                                        std::int16_t api_version,
                                        Responder<wire::AddPartitionsToTxnResponse> reply) {
  shell_->ask(std::move(reply),
              [&](TransactionCoordinator& coordinator, RequestToken token, Instant now) {
                return coordinator.add_partitions(token, request, api_version, now);
              });
}

void TransactionService::add_offsets(wire::AddOffsetsToTxnRequest request, TopicPartition offsets,
                                     std::int16_t api_version,
                                     Responder<wire::AddOffsetsToTxnResponse> reply) {
  shell_->ask(std::move(reply),
              [&](TransactionCoordinator& coordinator, RequestToken token, Instant now) {
                return coordinator.add_offsets(token, request, offsets, api_version, now);
              });
}

void TransactionService::enlist(EnlistRequest request, Responder<EnlistResponse> reply) {
  shell_->ask(std::move(reply),
              [&](TransactionCoordinator& coordinator, RequestToken token, Instant now) {
                return coordinator.enlist(token, request, now);
              });
}

void TransactionService::end(wire::EndTxnRequest request, std::int16_t api_version,
                             Responder<wire::EndTxnResponse> reply) {
  shell_->ask_for_id(std::move(reply),
                     [&](TransactionCoordinator& coordinator, RequestToken token, Instant now) {
                       return coordinator.end(token, request, api_version, now);
                     });
}

void TransactionService::describe(wire::DescribeTransactionsRequest request,
                                  Responder<wire::DescribeTransactionsResponse> reply) {
  shell_->ask(std::move(reply),
              [&](TransactionCoordinator& coordinator, RequestToken token, Instant now) {
                return coordinator.describe(token, request, now);
              });
}

void TransactionService::list(wire::ListTransactionsRequest request,
                              std::optional<TopicPattern> ids,
                              Responder<wire::ListTransactionsResponse> reply) {
  shell_->ask(std::move(reply),
              [&](TransactionCoordinator& coordinator, RequestToken token, Instant now) {
                return coordinator.list(token, request, ids, now);
              });
}

}  // namespace millrace::broker
