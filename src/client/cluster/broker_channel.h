// BrokerChannel: one connection to one broker: connects when something is to be sent, negotiates
// versions, matches answers with requests, and gives up on those that time out.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "base/buffer_pool.h"
#include "base/lifetime.h"
#include "base/random.h"
#include "base/result.h"
#include "client/config/client_config.h"
#include "io/connection.h"
#include "io/event_loop.h"
#include "wire/api_key.h"
#include "wire/frame.h"
#include "wire/messages/api_versions.h"

namespace millrace::client {

/// The frame of an answer. Decoded records are views into it.
struct Answer {
  Buffer frame;
  std::int16_t version = 0;
  std::size_t body_at = 0;

  template <class Response>
  Result<Response> decode() const {
    ByteReader reader(frame.view().substr(body_at));
    return wire::decode_body<Response>(reader, version);
  }
};

/// A request on its way. `encode` is called once the version is known.
struct Call {
  wire::ApiKey api = wire::ApiKey::kApiVersions;
  wire::VersionRange versions;  // that the caller can handle
  std::function<Result<io::Chunks>(const wire::RequestHeader&)> encode;
  std::function<void(Result<Answer>)> done;  // called exactly once, never from inside send()
  Millis timeout{30'000};
  bool is_answered = true;  // Produce with acks=0 is not
};

/// What the brokers of a cluster have agreed on: how far each feature may be used.
struct FinalizedFeatures {
  std::int64_t epoch = -1;  // counts up with each change
  std::map<std::string, std::int16_t> levels;
};

/// Invariants:
/// - Each call's done is called exactly once and never from inside send(): with its answer, at its
///   deadline, or with the end of the connection or of the channel.
/// - What waits goes out in the order sent, once versions are known; what is in flight is matched
/// by
///   correlation id alone.
/// - A request that is not answered in time ends the connection, because the answers of one
///   connection come in order: none behind it would come.
/// - There is a connection in kNegotiating and kReady only, and a try to connect in kConnecting.
/// thread  the loop's
class BrokerChannel {
 public:
  /// Why calls have waited for a second and a half; OK when the broker answers after that.
  using OnReachability = std::function<void(const Status&)>;

  /// memory  for large answers; who is done with one gives it back there
  BrokerChannel(io::EventLoop& loop, const ConnectionConfig& config, io::Endpoint endpoint,
                OnReachability on_reachability, Random random, std::shared_ptr<BufferPool> memory);
  /// Fails every call with kClosed.
  ~BrokerChannel();
  BrokerChannel(const BrokerChannel&) = delete;
  BrokerChannel& operator=(const BrokerChannel&) = delete;

  /// errors (of call.done)  kUnsupported when the broker speaks no version of it, kTimeout,
  ///                        kClosed when the connection ended first
  void send(Call call);

  const io::Endpoint& endpoint() const { return endpoint_; }
  bool is_ready() const { return state_ == State::kReady; }
  /// Whether the last try to connect failed and the next has to wait.
  bool is_backing_off() const { return state_ == State::kBackingOff; }
  std::size_t unanswered_count() const { return in_flight_.size() + waiting_.size(); }
  /// As the broker told when it was connected last; null before.
  const FinalizedFeatures* features() const { return features_ ? &*features_ : nullptr; }

 private:
  enum class State { kIdle, kConnecting, kNegotiating, kReady, kBackingOff };
  struct Waiting {
    Call call;
    MonotonicTime deadline;
  };
  struct InFlight {
    wire::ApiKey api;
    std::int16_t version;
    std::function<void(Result<Answer>)> done;
    MonotonicTime deadline;
  };

  void connect();
  void on_connected(Result<std::unique_ptr<io::Connection>> connection);
  void negotiate(std::int16_t version);
  void on_versions(Result<Answer> answer);
  void take_versions(const wire::ApiVersionsResponse& versions);
  void on_frame(Buffer frame);
  void drop_connection();
  void fail_connection(const Error& reason);
  void lose_patience();
  void transmit(Waiting waiting);
  void flush_waiting();
  void arm_timer();
  void on_timer();

  // Invariants: at most one connection, or attempt at one, at a time. What is in flight was sent on
  // `connection_`; when that ends, all of it fails at once, before anything is sent on another: so
  // answers come in the order of their requests, whatever breaks. The backoff timer is set in
  // kBackingOff alone.
  io::EventLoop& loop_;
  const ConnectionConfig& config_;
  io::Endpoint endpoint_;
  const OnReachability on_reachability_;
  Random random_;
  const std::shared_ptr<BufferPool> memory_;
  State state_ = State::kIdle;
  int failures_ = 0;
  /// Since when it has tried to connect in vain, why it failed last, and whether that was told.
  std::optional<MonotonicTime> trying_since_;
  std::optional<Error> last_failure_;
  bool is_told_ = false;
  std::unique_ptr<io::Connection> connection_;
  std::map<wire::ApiKey, wire::VersionRange> broker_versions_;
  std::optional<FinalizedFeatures> features_;
  std::int32_t next_correlation_ = 0;
  std::map<std::int32_t, InFlight> in_flight_;
  std::deque<Waiting> waiting_;
  io::TimerId timer_ = 0;
  io::TimerId backoff_timer_ = 0;
  io::TimerId patience_timer_ = 0;
  MonotonicTime timer_at_{};
  MonotonicTime last_used_{};
  Lifetime life_;
};

}  // namespace millrace::client
