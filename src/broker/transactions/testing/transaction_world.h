// TransactionWorld: a transaction coordinator on virtual time with a log in memory, for tests.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "broker/transactions/transaction_coordinator.h"

namespace millrace::broker {

/// Requests go in through the members named after them and come back as a token; answers are looked
/// up by token. Appends are acknowledged at once, or by acknowledge() when `holds_appends`; markers
/// are written at once, or by write_markers() when `holds_markers`.
class TransactionWorld {
 public:
  explicit TransactionWorld(const TransactionConfig& config = {});

  // ---- requests ----

  struct Init {
    std::string id = "t";
    std::int32_t timeout_ms = 60'000;
    std::int64_t producer = -1;
    std::int16_t epoch = -1;
  };
  RequestToken init(const Init& init);
  /// What a producer says of itself.
  struct Who {
    std::int64_t producer = 0;
    std::int16_t epoch = 0;
    std::string id = "t";
  };
  /// As a classic client does.
  RequestToken add(const Who& who, std::vector<std::int32_t> partitions, std::int16_t version = 3);
  /// As a broker asks that is written to.
  RequestToken enlist(const Who& who, std::vector<std::int32_t> partitions,
                      Enlisting what = Enlisting::kAdd);
  RequestToken end(const Who& who, TransactionResult result, std::int16_t version = 4);

  // ---- answers ----

  bool is_answered(RequestToken token) const { return replies_.contains(token); }
  template <class Response>
  const Response& answer(RequestToken token) const {
    const auto found = replies_.find(token);
    CHECK(found != replies_.end(), "request {} is not answered", token);
    return std::get<Response>(found->second);
  }
  /// The error of any answer; for partitions that of the first.
  wire::KafkaError error(RequestToken token) const;
  /// The producer that a call of init() made.
  Who initialized(RequestToken token, const std::string& id = "t") const;
  /// Makes a producer of that id.
  Who make(const Init& init) { return initialized(this->init(init), init.id); }
  Who make() { return make(Init{}); }

  // ---- time, log and markers ----

  Instant now() const { return now_; }
  /// Lets time pass, stopping at every deadline on the way.
  void advance(Millis time);

  bool holds_appends = false;
  std::size_t held_appends() const { return held_.size(); }
  void acknowledge(wire::KafkaError error = wire::KafkaError::kNone);

  bool holds_markers = false;
  const std::deque<TransactionMarkers>& held_markers() const { return held_markers_; }
  /// Writes the oldest held markers, but for those of `failed`.
  void write_markers(std::set<TopicPartition> failed = {});
  /// All that were written, in order.
  const std::vector<TransactionMarkers>& markers() const { return markers_; }

  /// Null when the id is not known.
  const Transaction* find(const std::string& id = "t") const;
  const TransactionMetadata& metadata(const std::string& id = "t") const;
  TransactionCoordinator& coordinator() { return *coordinator_; }
  /// Ends this coordinator as a crash does and lets the next one read the log.
  void restart();

 private:
  class Ids final : public ProducerIds {
   public:
    void refill() override {}
    Result<ProducerId> next() override { return ProducerId{next_++}; }

   private:
    std::int64_t next_ = 1000;
  };

  RequestToken next_token() { return RequestToken{++last_token_}; }
  void absorb(TransactionEffects effects);

  TransactionConfig config_;
  Ids ids_;
  std::unique_ptr<TransactionCoordinator> coordinator_;
  Instant now_{MonotonicTime{} + std::chrono::hours{1}, Timestamp{1'700'000'000'000}};
  std::uint64_t last_token_ = 0;
  std::map<RequestToken, TransactionResponse> replies_;
  std::deque<LogAppend> held_;
  std::vector<LogRecord> log_;
  std::deque<TransactionMarkers> held_markers_;
  std::vector<TransactionMarkers> markers_;
};

}  // namespace millrace::broker
