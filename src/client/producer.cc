#include "client/producer.h"

#include <atomic>
#include <string>

#include "base/check.h"
#include "base/guarded.h"
#include "client/cluster/cluster.h"
#include "client/cluster/loop_thread.h"
#include "client/producer/produce_sender.h"
#include "client/producer/record_accumulator.h"
#include "client/producer/transaction_driver.h"
#include "io/lent_env.h"

namespace millrace::client {
namespace {

constexpr Millis kTimerMax{INT32_MAX};  // longer is never

Error closed_error() {
  return Error{ErrorCode::kClosed, "the producer was closed"};
}

Error no_topic() {
  return Error{ErrorCode::kInvalidArgument, "send() wants a handle made by topic()"};
}

Error waits_for_itself(std::string_view call) {
  return Error{ErrorCode::kInvalidArgument,
               fmt::format("{} in a delivery callback would wait for that callback", call)};
}

}  // namespace

/// Invariants: the accumulator is what senders and the I/O thread share; the sender and the cluster
/// are touched on the loop only, and are null there once the producer is closed, which whatever is
/// posted asks first. The loop runs until the destructor, so that a call that meets close() on
/// another thread is answered. Only calls that are not on the loop wait for it.
class Producer::Core {
 public:
  Core(ProducerConfig config, ProducerOptions options, io::LentEnv env)
      : env_(std::move(env)),
        config_(std::move(config)),
        clock_(env_->clock()),
        accumulator_(config_, *env_),
        thread_(*env_, "producer-io") {
    thread_.run([&] {
      cluster_ = std::make_unique<Cluster>(thread_.loop(), config_.connection, env_->make_random());
      cluster_->set_outage_listener(std::move(options.outages));
      if (config_.transactional_id) {
        transactions_ = std::make_unique<TransactionDriver>(config_, *cluster_, accumulator_,
                                                            [this] { sender_->run(); });
      }
      sender_ =
          std::make_unique<ProduceSender>(config_, *cluster_, accumulator_, metrics_,
                                          transactions_.get(), std::move(options.on_delivery));
    });
  }
  ~Core() {
    CHECK(!is_in_callback(), "a Producer was destroyed in its own callback");
    (void)close(Millis{0});
  }

  ProducerTopic& topic(std::string_view name) { return accumulator_.topic(name); }
  Result<SendReceipt> send(ProducerTopic* topic, const ProducerRecord& record,
                           const AppendOptions& options = {});
  Result<RecordMetadata> send_and_wait(ProducerTopic* topic, const ProducerRecord& record,
                                       Millis timeout);
  Status flush(Millis timeout);
  TransactionStatus end_call(TransactionCall call, std::optional<Millis> timeout);
  TransactionStatus begin_transaction();
  TransactionStatus send_offsets(const OffsetsToCommit& offsets, const ConsumerGroupMetadata& group,
                                 std::optional<Millis> timeout);
  Result<std::int32_t> partition_count(std::string_view name);
  Status close(Millis timeout);
  ProducerMetrics metrics();

 private:
  /// For send_and_wait(). Everything but the handoff belongs to the loop.
  struct Awaited {
    explicit Awaited(io::Env& env) : fate(env) {}
    Handoff<Result<RecordMetadata>> fate;
    bool is_known = false;
    io::TimerId timer = 0;
  };

  Result<SendReceipt> send_slowly(const RecordAccumulator::Appended& refused,
                                  const ProducerRecord& record, const AppendOptions& options,
                                  Millis block_max);
  Result<SendReceipt> wait_and_append(RecordAccumulator::Appended refused, ProducerRecord record,
                                      const AppendOptions& options, Millis block_max);
  Error refusal(const RecordAccumulator::Appended& refused, const ProducerRecord& record,
                std::size_t size);
  Status load_metadata(ProducerTopic& topic, Millis timeout);
  void wake_sender();
  Status flush_until(Millis timeout);
  void abort_open_transaction(Millis timeout);
  /// Waits for what `start` begins with the driver, if such a call is possible at all.
  TransactionStatus transact(
      const std::function<void(TransactionDriver&, TransactionDriver::Done)>& start);
  bool is_in_callback() { return thread_.loop().is_loop_thread(); }

  const io::LentEnv env_;
  const ProducerConfig config_;
  const Clock& clock_;
  Guarded<ProducerMetrics> metrics_;
  RecordAccumulator accumulator_;
  std::atomic<bool> is_closed_{false};
  std::unique_ptr<Cluster> cluster_;                 // on the loop
  std::unique_ptr<TransactionDriver> transactions_;  // on the loop
  std::unique_ptr<ProduceSender> sender_;            // on the loop
  LoopThread thread_;
};

void Producer::Core::wake_sender() {
  thread_.post([this] {
    if (sender_ != nullptr) sender_->run();
  });
}

Result<SendReceipt> Producer::Core::send(ProducerTopic* topic, const ProducerRecord& record,
                                         const AppendOptions& options) {
  auto appended = accumulator_.append(topic, record, clock_, options);
  if (appended.outcome == RecordAccumulator::Outcome::kAppended) {
    if (appended.wake_sender) wake_sender();
    return appended.receipt;
  }
  return send_slowly(appended, record, options, config_.max_block);
}

/// Where the plain way does not lead: waits, or says why the record is not taken. A transaction
/// that lacks a record which somebody wanted in it must not be committed as if it were whole.
Result<SendReceipt> Producer::Core::send_slowly(const RecordAccumulator::Appended& refused,
                                                const ProducerRecord& record,
                                                const AppendOptions& options, Millis block_max) {
  auto sent = wait_and_append(refused, record, options, block_max);
  const bool is_missed = !sent.ok() && config_.transactional_id &&
                         sent.error().code != ErrorCode::kInvalidArgument &&
                         sent.error().code != ErrorCode::kClosed;
  if (is_missed) {
    thread_.post([this, error = sent.error()] {
      if (sender_ == nullptr) return;
      transactions_->session().batch_failed(error);
      sender_->run();  // as whoever waits for the transaction's end has to hear of it
    });
  }
  return sent;
}

Result<SendReceipt> Producer::Core::wait_and_append(RecordAccumulator::Appended appended,
                                                    ProducerRecord record,
                                                    const AppendOptions& options,
                                                    Millis block_max) {
  using Outcome = RecordAccumulator::Outcome;
  const std::size_t size =
      wire::RecordBatchBuilder::record_size_max(record.key, record.value, record.headers) +
      wire::batch_format::kHeaderSize;
  if (record.timestamp == kNoTimestamp) record.timestamp = clock_.wall();
  const MonotonicTime begin = clock_.monotonic();
  bool has_asked_for_partition = false;
  for (;;) {
    const auto spent = std::chrono::duration_cast<Millis>(clock_.monotonic() - begin);
    const Millis left = block_max - spent;
    ProducerTopic& topic = *appended.topic;
    switch (appended.outcome) {
      case Outcome::kAppended:
        wake_sender();
        metrics_.with([&](ProducerMetrics& metrics) { metrics.blocked += spent; });
        return appended.receipt;
      case Outcome::kClosed:
      case Outcome::kTooLarge:
        return refusal(appended, record, size);
      case Outcome::kNoMetadata:
        if (auto status = load_metadata(topic, left); !status.ok()) return status.error();
        break;
      case Outcome::kNoSuchPartition: {
        const bool is_hopeless = has_asked_for_partition || record.partition->value() < 0;
        if (is_hopeless || is_in_callback()) return refusal(appended, record, size);
        has_asked_for_partition = true;
        if (auto status = load_metadata(topic, left); !status.ok()) return status.error();
        break;
      }
      case Outcome::kNoRoom:
        if (left <= Millis{0} || is_in_callback()) return refusal(appended, record, size);
        accumulator_.wait_for_room(size, left, [this] { wake_sender(); });
        break;
    }
    appended = accumulator_.append(&topic, record, clock_, options);
  }
}

/// Why a record is not taken at last.
Error Producer::Core::refusal(const RecordAccumulator::Appended& refused,
                              const ProducerRecord& record, std::size_t size) {
  using Outcome = RecordAccumulator::Outcome;
  const std::string& topic = refused.topic->name();
  if (refused.outcome == Outcome::kClosed) return accumulator_.why_closed();
  if (refused.outcome == Outcome::kTooLarge) {
    return Error{ErrorCode::kTooLarge,
                 fmt::format("a record for {} takes {} bytes; max.request.size is {} and "
                             "buffer.memory {}",
                             topic, size, config_.request_size_max, config_.buffer_memory_bytes)};
  }
  if (refused.outcome == Outcome::kNoSuchPartition) {
    const std::int32_t count = accumulator_.partition_count(*refused.topic);
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("topic {} has partitions 0 to {}, not {}", topic, count - 1,
                             record.partition->value())};
  }
  const std::string patience =
      is_in_callback() ? "and send() does not wait in a callback"
                       : fmt::format("within max.block.ms = {}", config_.max_block.count());
  return Error{ErrorCode::kTimeout, fmt::format("no room for {} bytes in buffer.memory = {} {}",
                                                size, config_.buffer_memory_bytes, patience)};
}

Result<RecordMetadata> Producer::Core::send_and_wait(ProducerTopic* topic,
                                                     const ProducerRecord& record, Millis timeout) {
  if (is_in_callback()) return waits_for_itself("send_and_wait()");
  const MonotonicTime begin = clock_.monotonic();
  const auto awaited = std::make_shared<Awaited>(*env_);
  RecordCallback on_delivery = [this, awaited](const Result<RecordMetadata>& fate) {
    awaited->is_known = true;
    thread_.loop().cancel(awaited->timer);
    awaited->fate.put(fate);
  };
  const AppendOptions options{&on_delivery, RecordWaiter::Kind::kAwaits, Urgency::kNow};
  const auto appended = accumulator_.append(topic, record, clock_, options);
  if (appended.outcome != RecordAccumulator::Outcome::kAppended) {
    const auto sent = send_slowly(appended, record, options, std::min(config_.max_block, timeout));
    if (!sent.ok()) return sent.error();
  }
  const auto spent = std::chrono::duration_cast<Millis>(clock_.monotonic() - begin);
  thread_.post([this, awaited, left = timeout - spent] {
    if (sender_ != nullptr) sender_->run();
    if (awaited->is_known || left > kTimerMax) return;
    awaited->timer = thread_.loop().call_after(std::max(left, Millis{0}), [awaited] {
      awaited->fate.put(Error{ErrorCode::kTimeout, "send_and_wait: the record is still under way"});
    });
  });
  return awaited->fate.take();
}

Status Producer::Core::load_metadata(ProducerTopic& topic, Millis timeout) {
  if (is_in_callback()) {
    if (sender_ != nullptr) sender_->watch(topic);
    return Error{ErrorCode::kTimeout,
                 fmt::format("no metadata of topic {} yet, and a callback does not wait for it",
                             topic.name())};
  }
  return thread_.await<Status>([&](std::function<void(Status)> done) {
    if (sender_ == nullptr) return done(closed_error());
    sender_->watch(topic);
    cluster_->await_topics({topic.name()}, thread_.loop().now() + std::max(timeout, Millis{0}),
                           [this, &topic, done = std::move(done)](Status status) {
                             if (sender_ != nullptr) sender_->watch(topic);
                             done(std::move(status));
                           });
  });
}

Status Producer::Core::flush(Millis timeout) {
  if (is_in_callback()) return waits_for_itself("flush()");
  if (is_closed_) return closed_error();
  return flush_until(timeout);
}

Status Producer::Core::flush_until(Millis timeout) {
  const BatchId end = accumulator_.begin_flush();
  auto status = thread_.await<Status>([&](std::function<void(Status)> done) {
    if (sender_ == nullptr) return done(closed_error());
    sender_->when_finished(end, timeout, std::move(done));
  });
  accumulator_.end_flush();
  return status;
}

TransactionStatus Producer::Core::transact(
    const std::function<void(TransactionDriver&, TransactionDriver::Done)>& start) {
  const auto invalid = [](Error error) {
    return TransactionStatus(TransactionErrorKind::kInvalidCall, std::move(error));
  };
  if (!config_.transactional_id) {
    return invalid(
        Error{ErrorCode::kInvalidArgument, "transactions need the property transactional.id"});
  }
  if (is_in_callback()) return invalid(waits_for_itself("a call about transactions"));
  const TransactionStatus closed{TransactionErrorKind::kFatal, closed_error()};
  if (is_closed_) return closed;
  return thread_.await<TransactionStatus>([&](TransactionDriver::Done done) {
    if (transactions_ == nullptr) return done(closed);
    start(*transactions_, std::move(done));
  });
}

TransactionStatus Producer::Core::end_call(TransactionCall call, std::optional<Millis> timeout) {
  return transact([&](TransactionDriver& transactions, TransactionDriver::Done done) {
    transactions.call(call, timeout.value_or(config_.max_block), std::move(done));
  });
}

TransactionStatus Producer::Core::begin_transaction() {
  return transact([](TransactionDriver& transactions, const TransactionDriver::Done& done) {
    done(transactions.begin());
  });
}

TransactionStatus Producer::Core::send_offsets(const OffsetsToCommit& offsets,
                                               const ConsumerGroupMetadata& group,
                                               std::optional<Millis> timeout) {
  return transact([&](TransactionDriver& transactions, TransactionDriver::Done done) {
    transactions.send_offsets(offsets, group, timeout.value_or(config_.max_block), std::move(done));
  });
}

Result<std::int32_t> Producer::Core::partition_count(std::string_view name) {
  if (is_closed_) return closed_error();
  ProducerTopic& found = topic(name);
  if (accumulator_.partition_count(found) == 0) {
    if (auto status = load_metadata(found, config_.max_block); !status.ok()) {
      return std::move(status).error();
    }
  }
  return accumulator_.partition_count(found);
}

Status Producer::Core::close(Millis timeout) {
  if (is_in_callback()) return waits_for_itself("close()");
  if (is_closed_.exchange(true)) return {};
  accumulator_.close(closed_error());
  Status status;
  if (timeout > Millis{0} && config_.transactional_id) {
    abort_open_transaction(timeout);
  } else if (timeout > Millis{0}) {
    status = flush_until(timeout);
  }
  Status failure;
  thread_.run([&] {
    sender_->fail_everything(closed_error());
    failure = sender_->take_untold_failure();
    sender_.reset();
    transactions_.reset();
    cluster_.reset();
  });
  return status.ok() ? failure : status;
}

// What becomes of it nobody asked: if it cannot be told now, the cluster aborts it in time.
void Producer::Core::abort_open_transaction(Millis timeout) {
  (void)thread_.await<bool>([&](const std::function<void(bool)>& done) {
    transactions_->abort_for_close(timeout, [done] { done(true); });
  });
}

ProducerMetrics Producer::Core::metrics() {
  ProducerMetrics copy = metrics_.with([](const ProducerMetrics& metrics) { return metrics; });
  copy.bytes_buffered = accumulator_.buffered_bytes();
  return copy;
}

Producer::Producer(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Producer::~Producer() = default;
Producer::Producer(Producer&&) noexcept = default;
Producer& Producer::operator=(Producer&&) noexcept = default;

Result<Producer> Producer::create(const Properties& properties, ProducerOptions options,
                                  io::Env* env) {
  auto config = read_producer_config(properties);
  if (!config.ok()) return std::move(config).error();
  return Producer(
      std::make_unique<Core>(std::move(config).value(), std::move(options), io::LentEnv(env)));
}

Producer::Core& Producer::core() const {
  CHECK(core_ != nullptr, "a Producer that was moved from was called");
  return *core_;
}

TopicHandle Producer::topic(std::string_view name) {
  return TopicHandle(&core().topic(name));
}

Result<SendReceipt> Producer::send(const ProducerRecord& record) {
  return core().send(nullptr, record);
}
Result<SendReceipt> Producer::send(TopicHandle topic, const ProducerRecord& record) {
  if (topic.topic_ == nullptr) return no_topic();
  return core().send(topic.topic_, record);
}
Result<SendReceipt> Producer::send(const ProducerRecord& record, RecordCallback on_delivery) {
  return core().send(nullptr, record, {.on_delivery = on_delivery ? &on_delivery : nullptr});
}
Result<SendReceipt> Producer::send(TopicHandle topic, const ProducerRecord& record,
                                   RecordCallback on_delivery) {
  if (topic.topic_ == nullptr) return no_topic();
  return core().send(topic.topic_, record, {.on_delivery = on_delivery ? &on_delivery : nullptr});
}

Result<RecordMetadata> Producer::send_and_wait(const ProducerRecord& record, Millis timeout) {
  return core().send_and_wait(nullptr, record, timeout);
}
Result<RecordMetadata> Producer::send_and_wait(TopicHandle topic, const ProducerRecord& record,
                                               Millis timeout) {
  if (topic.topic_ == nullptr) return no_topic();
  return core().send_and_wait(topic.topic_, record, timeout);
}

TransactionStatus Producer::init_transactions(std::optional<Millis> timeout) {
  return core().end_call(TransactionCall::kInit, timeout);
}
TransactionStatus Producer::begin_transaction() {
  return core().begin_transaction();
}
TransactionStatus Producer::send_offsets_to_transaction(const OffsetsToCommit& offsets,
                                                        const ConsumerGroupMetadata& group,
                                                        std::optional<Millis> timeout) {
  return core().send_offsets(offsets, group, timeout);
}
TransactionStatus Producer::commit_transaction(std::optional<Millis> timeout) {
  return core().end_call(TransactionCall::kCommit, timeout);
}
TransactionStatus Producer::abort_transaction(std::optional<Millis> timeout) {
  return core().end_call(TransactionCall::kAbort, timeout);
}

Status Producer::flush(Millis timeout) {
  return core().flush(timeout);
}
Result<std::int32_t> Producer::partition_count(std::string_view topic) {
  return core().partition_count(topic);
}
Status Producer::close(Millis timeout) {
  return core().close(timeout);
}
ProducerMetrics Producer::metrics() const {
  return core().metrics();
}

}  // namespace millrace::client
