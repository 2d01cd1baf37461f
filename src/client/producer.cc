#include "client/producer.h"

#include <map>

#include "base/check.h"
#include "base/guarded.h"
#include "client/cluster/cluster.h"
#include "client/cluster/loop_thread.h"
#include "client/producer/produce_sender.h"
#include "client/producer/record_accumulator.h"
#include "io/lent_env.h"

namespace millrace::client {
namespace {

Error closed_error() {
  return Error{ErrorCode::kClosed, "the producer was closed"};
}

}  // namespace

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
      sender_ = std::make_unique<ProduceSender>(config_, *cluster_, accumulator_, metrics_,
                                                std::move(options.on_delivery));
    });
  }
  ~Core() { (void)close(Millis{0}); }

  ProducerTopic* topic(std::string_view name);
  Status send(ProducerTopic& topic, const ProducerRecord& record);
  Status flush(Millis timeout);
  Result<std::int32_t> partition_count(std::string_view name);
  Status close(Millis timeout);
  ProducerMetrics metrics();

 private:
  Status send_slowly(ProducerTopic& topic, const ProducerRecord& record, Timestamp timestamp,
                     RecordAccumulator::Outcome outcome);
  Status load_metadata(ProducerTopic& topic, Millis timeout);
  void wake_sender();
  Status flush_until(Millis timeout);

  const io::LentEnv env_;
  const ProducerConfig config_;
  const Clock& clock_;
  Guarded<ProducerMetrics> metrics_;
  RecordAccumulator accumulator_;
  std::map<std::string, std::unique_ptr<ProducerTopic>, std::less<>> topics_;
  ProducerTopic* last_topic_ = nullptr;
  bool is_closed_ = false;
  std::unique_ptr<Cluster> cluster_;       // on the loop
  std::unique_ptr<ProduceSender> sender_;  // on the loop
  LoopThread thread_;
};

ProducerTopic* Producer::Core::topic(std::string_view name) {
  if (last_topic_ != nullptr && last_topic_->name() == name) return last_topic_;
  const auto known = topics_.find(name);
  if (known == topics_.end()) {
    auto made = std::make_unique<ProducerTopic>(std::string(name), config_.batch_size_bytes);
    last_topic_ = made.get();
    topics_.emplace(std::string(name), std::move(made));
  } else {
    last_topic_ = known->second.get();
  }
  return last_topic_;
}

void Producer::Core::wake_sender() {
  thread_.post([this] {
    if (sender_ != nullptr) sender_->run();
  });
}

Status Producer::Core::send(ProducerTopic& topic, const ProducerRecord& record) {
  const Timestamp timestamp = record.timestamp == kNoTimestamp ? clock_.wall() : record.timestamp;
  const auto appended = accumulator_.append(topic, record, timestamp, clock_);
  if (appended.outcome == RecordAccumulator::Outcome::kAppended) {
    if (appended.wake_sender) wake_sender();
    return {};
  }
  return send_slowly(topic, record, timestamp, appended.outcome);
}

Status Producer::Core::send_slowly(ProducerTopic& topic, const ProducerRecord& record,
                                   Timestamp timestamp, RecordAccumulator::Outcome outcome) {
  using Outcome = RecordAccumulator::Outcome;
  const std::size_t size =
      wire::RecordBatchBuilder::record_size_max(record.key, record.value, record.headers) +
      wire::batch_format::kHeaderSize;
  const MonotonicTime begin = clock_.monotonic();
  bool asked_for_partition = false;
  for (;;) {
    const auto spent = std::chrono::duration_cast<Millis>(clock_.monotonic() - begin);
    const Millis left = config_.max_block - spent;
    switch (outcome) {
      case Outcome::kAppended: {
        wake_sender();
        metrics_.with([&](ProducerMetrics& metrics) { metrics.blocked += spent; });
        return {};
      }
      case Outcome::kClosed:
        return accumulator_.why_closed();
      case Outcome::kTooLarge:
        return Error{
            ErrorCode::kTooLarge,
            fmt::format("a record for {} takes {} bytes; max.request.size is {} and "
                        "buffer.memory {}",
                        topic.name(), size, config_.request_size_max, config_.buffer_memory_bytes)};
      case Outcome::kNoMetadata: {
        if (auto status = load_metadata(topic, left); !status.ok()) return status;
        break;
      }
      case Outcome::kNoSuchPartition: {
        const std::int32_t count = accumulator_.partition_count(topic);
        if (asked_for_partition || record.partition->value() < 0) {
          return Error{ErrorCode::kInvalidArgument,
                       fmt::format("topic {} has partitions 0 to {}, not {}", topic.name(),
                                   count - 1, record.partition->value())};
        }
        asked_for_partition = true;
        if (auto status = load_metadata(topic, left); !status.ok()) return status;
        break;
      }
      case Outcome::kNoRoom: {
        if (left <= Millis{0}) {
          return Error{ErrorCode::kTimeout,
                       fmt::format("no room for {} bytes in buffer.memory = {} within "
                                   "max.block.ms = {}",
                                   size, config_.buffer_memory_bytes, config_.max_block.count())};
        }
        wake_sender();
        accumulator_.wait_for_room(size, left);
        break;
      }
    }
    outcome = accumulator_.append(topic, record, timestamp, clock_).outcome;
  }
}

Status Producer::Core::load_metadata(ProducerTopic& topic, Millis timeout) {
  return thread_.await<Status>([&](std::function<void(Status)> done) {
    sender_->watch(topic);
    cluster_->await_topics({topic.name()}, thread_.loop().now() + std::max(timeout, Millis{0}),
                           [this, &topic, done = std::move(done)](Status status) {
                             if (sender_ != nullptr) sender_->watch(topic);
                             done(std::move(status));
                           });
  });
}

Status Producer::Core::flush(Millis timeout) {
  if (is_closed_) return closed_error();
  return flush_until(timeout);
}

Status Producer::Core::flush_until(Millis timeout) {
  accumulator_.set_flushing(true);
  auto status = thread_.await<Status>([&](std::function<void(Status)> done) {
    // Whichever comes first; the handoff takes only one.
    if (timeout < Millis{INT32_MAX}) {
      thread_.loop().call_after(timeout, [done] {
        done(Error{ErrorCode::kTimeout, "flush: records are still under way"});
      });
    }
    sender_->when_empty(done);
  });
  accumulator_.set_flushing(false);
  return status;
}

Result<std::int32_t> Producer::Core::partition_count(std::string_view name) {
  if (is_closed_) return closed_error();
  ProducerTopic* const found = topic(name);
  if (accumulator_.partition_count(*found) == 0) {
    if (auto status = load_metadata(*found, config_.max_block); !status.ok()) {
      return std::move(status).error();
    }
  }
  return accumulator_.partition_count(*found);
}

Status Producer::Core::close(Millis timeout) {
  if (is_closed_) return {};
  is_closed_ = true;
  Status status;
  if (timeout > Millis{0}) status = flush_until(timeout);
  accumulator_.close(closed_error());
  thread_.run([&] {
    sender_->fail_everything(closed_error());
    sender_.reset();
    cluster_.reset();
  });
  thread_.stop();
  return status;
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
  return TopicHandle(core().topic(name));
}

Status Producer::send(TopicHandle topic, const ProducerRecord& record) {
  if (topic.topic_ == nullptr) {
    return Error{ErrorCode::kInvalidArgument,
                 "send(): wanted a handle made by topic(), found an empty one"};
  }
  return core().send(*topic.topic_, record);
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
