#include "client/cluster/broker_channel.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "base/probe.h"
#include "io/network.h"
#include "wire/error_codes.h"

namespace millrace::client {
namespace {

constexpr Millis kPatience{1500};  // before it is told that a broker cannot be reached
// What a broker may make this process take in one answer: fetches are bounded by fetch.max.bytes,
// but a single batch may exceed that.
constexpr std::size_t kFrameBytesMax = std::size_t{512} << 20U;
// From v5 on a client may say which node it expects. We do not, and a broker that does not know the
// version would cost every connection a round trip.
constexpr std::int16_t kApiVersionsOffered = 4;
constexpr std::string_view kSoftwareName = "millrace";
constexpr std::string_view kSoftwareVersion = "0.1.0";

}  // namespace

BrokerChannel::BrokerChannel(io::EventLoop& loop, const ConnectionConfig& config,
                             io::Endpoint endpoint, OnReachability on_reachability, Random random,
                             std::shared_ptr<BufferPool> memory)
    : loop_(loop),
      config_(config),
      endpoint_(std::move(endpoint)),
      on_reachability_(std::move(on_reachability)),
      random_(random),
      memory_(std::move(memory)) {}

BrokerChannel::~BrokerChannel() {
  life_.end();
  loop_.cancel(timer_);
  loop_.cancel(backoff_timer_);
  loop_.cancel(patience_timer_);
  drop_connection();
  const Error closed{ErrorCode::kClosed, "the client was closed"};
  auto in_flight = std::move(in_flight_);
  auto waiting = std::move(waiting_);
  for (auto& [id, call] : in_flight) call.done(closed);
  for (Waiting& each : waiting) each.call.done(closed);
}

void BrokerChannel::send(Call call) {
  const MonotonicTime now = loop_.now();
  last_used_ = now;
  Waiting waiting{std::move(call), {}};
  waiting.deadline = now + waiting.call.timeout;
  if (state_ == State::kReady) {
    transmit(std::move(waiting));
  } else {
    waiting_.push_back(std::move(waiting));
    if (state_ == State::kIdle) connect();
  }
  arm_timer();
}

void BrokerChannel::connect() {
  state_ = State::kConnecting;
  if (!trying_since_) {
    trying_since_ = loop_.now();
    patience_timer_ = loop_.call_after(kPatience, life_.guard([this] { lose_patience(); }));
  }
  loop_.network().connect(endpoint_, config_.connection_setup_timeout,
                          life_.guard([this](Result<std::unique_ptr<io::Connection>> connection) {
                            on_connected(std::move(connection));
                          }));
}

void BrokerChannel::on_connected(Result<std::unique_ptr<io::Connection>> connection) {
  if (!connection.ok()) {
    fail_connection(std::move(connection).error());
    return;
  }
  CHECK(state_ == State::kConnecting, "a broker is connected to once at a time");
  connection_ = std::move(connection).value();
  // What one that was given up still says is not about its successor.
  const io::Connection* const mine = connection_.get();
  connection_->start({.on_frame = life_.guard([this, mine](Buffer frame) {
                        if (connection_.get() == mine) on_frame(std::move(frame));
                      }),
                      .on_closed = life_.guard([this, mine](const Error& reason) {
                        if (connection_.get() == mine) return fail_connection(reason);
                        PROBE("client: a connection that was given up told its end");
                      }),
                      .memory = memory_},
                     kFrameBytesMax);
  state_ = State::kNegotiating;
  negotiate(kApiVersionsOffered);
}

void BrokerChannel::negotiate(std::int16_t version) {
  wire::ApiVersionsRequest request;
  request.client_software_name = kSoftwareName;
  request.client_software_version = kSoftwareVersion;
  wire::RequestHeader header;
  header.api_key = wire::ApiKey::kApiVersions;
  header.api_version = version;
  header.correlation_id = next_correlation_++;
  header.client_id = config_.client_id;
  auto encoded = wire::encode_request(header, request);
  CHECK(encoded.ok(), "ApiVersions cannot be encoded: {}", encoded.error().to_string());
  in_flight_.emplace(header.correlation_id,
                     InFlight{header.api_key, version, life_.guard([this](Result<Answer> answer) {
                                on_versions(std::move(answer));
                              }),
                              loop_.now() + config_.request_timeout});
  io::Chunks chunks;
  chunks.emplace_back(std::move(encoded).value());
  connection_->send(std::move(chunks));
  arm_timer();
}

// A broker that does not know the version answers in v0 and lists what it does know, at least for
// ApiVersions itself; very old ones list nothing.
void BrokerChannel::on_versions(Result<Answer> answer) {
  if (!answer.ok()) return;  // the connection is gone, and its end was dealt with
  ByteReader peek(answer->frame.view().substr(answer->body_at));
  const auto code = static_cast<wire::KafkaError>(peek.i16());
  if (code == wire::KafkaError::kUnsupportedVersion && answer->version > 0) {
    std::int16_t next = 0;
    ByteReader reader(answer->frame.view().substr(answer->body_at));
    const auto listed = wire::decode_body<wire::ApiVersionsResponse>(reader, 0);
    if (listed.ok()) {
      for (const auto& row : listed->api_keys) {
        if (row.api_key != static_cast<std::int16_t>(wire::ApiKey::kApiVersions)) continue;
        next = std::min(row.max_version, static_cast<std::int16_t>(answer->version - 1));
      }
    }
    negotiate(std::max(next, std::int16_t{0}));
    return;
  }
  const auto versions = answer->decode<wire::ApiVersionsResponse>();
  if (!versions.ok()) {
    fail_connection(Error{versions.error()}.with_context(endpoint_.to_string()));
  } else if (code != wire::KafkaError::kNone) {
    fail_connection(wire::make_error(code, "ApiVersions of " + endpoint_.to_string()));
  } else {
    take_versions(*versions);
  }
}

void BrokerChannel::take_versions(const wire::ApiVersionsResponse& versions) {
  broker_versions_.clear();
  for (const auto& row : versions.api_keys) {
    broker_versions_[static_cast<wire::ApiKey>(row.api_key)] = {row.min_version, row.max_version};
  }
  features_.emplace().epoch = versions.finalized_features_epoch;
  for (const auto& feature : versions.finalized_features) {
    features_->levels[feature.name] = feature.max_version_level;
  }
  state_ = State::kReady;
  failures_ = 0;
  trying_since_.reset();
  last_failure_.reset();
  loop_.cancel(std::exchange(patience_timer_, 0));
  if (std::exchange(is_told_, false)) on_reachability_({});
  flush_waiting();
}

void BrokerChannel::flush_waiting() {
  while (state_ == State::kReady && !waiting_.empty()) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    transmit(std::move(next));
  }
}

void BrokerChannel::transmit(Waiting waiting) {
  Call& call = waiting.call;
  const auto fail_later = [this](std::function<void(Result<Answer>)> done, Error error) {
    loop_.post([done = std::move(done), error = std::move(error)] { done(error); });
  };
  const auto entry = broker_versions_.find(call.api);
  const auto version = entry == broker_versions_.end()
                           ? std::nullopt
                           : wire::highest_common(call.versions, entry->second);
  if (!version) {
    fail_later(
        std::move(call.done),
        Error{ErrorCode::kUnsupported,
              fmt::format("broker {} speaks no version of {} from {} to {}", endpoint_.to_string(),
                          wire::api_key_name(call.api), call.versions.min, call.versions.max)});
    return;
  }
  wire::RequestHeader header;
  header.api_key = call.api;
  header.api_version = *version;
  header.correlation_id = next_correlation_++;
  if (next_correlation_ < 0) next_correlation_ = 0;
  header.client_id = config_.client_id;
  auto chunks = call.encode(header);
  if (!chunks.ok()) {
    fail_later(std::move(call.done), std::move(chunks).error());
    return;
  }
  if (call.is_answered) {
    in_flight_.emplace(header.correlation_id,
                       InFlight{call.api, *version, std::move(call.done), waiting.deadline});
  }
  connection_->send(std::move(chunks).value());
  if (!call.is_answered) {
    loop_.post([done = std::move(call.done), reached = *version] {
      done(Answer{Buffer{}, reached, 0});
    });
  }
}

void BrokerChannel::on_frame(Buffer frame) {
  if (frame.size() < sizeof(std::int32_t)) {
    fail_connection(Error{ErrorCode::kCorrupt,
                          fmt::format("broker {}: an answer of {} bytes has no room for a header",
                                      endpoint_.to_string(), frame.size())});
    return;
  }
  const auto correlation = load_big_endian<std::int32_t>(frame.data());
  const auto entry = in_flight_.find(correlation);
  if (entry == in_flight_.end()) {
    fail_connection(Error{ErrorCode::kCorrupt,
                          fmt::format("broker {}: an answer with correlation id {}, which no "
                                      "request had",
                                      endpoint_.to_string(), correlation)});
    return;
  }
  InFlight call = std::move(entry->second);
  in_flight_.erase(entry);
  last_used_ = loop_.now();
  ByteReader reader(frame.view());
  const auto header = wire::decode_response_header(reader, call.api, call.version);
  if (!header.ok()) {
    const Error error = Error{header.error()}.with_context(endpoint_.to_string());
    fail_connection(error);
    call.done(error);
    return;
  }
  const std::size_t body_at = reader.position();
  call.done(Answer{std::move(frame), call.version, body_at});
}

// Closed now, destroyed later: this may run inside one of its callbacks.
void BrokerChannel::drop_connection() {
  if (connection_ == nullptr) return;
  connection_->close();
  loop_.post([old = std::shared_ptr<io::Connection>(std::move(connection_))] { (void)old; });
}

// Calls are tried again for minutes, without a word; a name that does not resolve and a port that
// nobody listens on do not heal by that. Where nobody has asked again since the first failure,
// another broker served.
void BrokerChannel::lose_patience() {
  patience_timer_ = 0;
  const bool is_wanted = !waiting_.empty() || last_used_ > *trying_since_;
  if (!is_wanted) {
    trying_since_.reset();
    return;
  }
  is_told_ = true;
  on_reachability_(last_failure_.value_or(Error{
      ErrorCode::kTimeout, fmt::format("it has not answered within {} ms", kPatience.count())}));
}

// The connection is of no use any more; everything under way fails, and the next try waits.
void BrokerChannel::fail_connection(const Error& reason) {
  LOG_DEBUG("connection to broker ended",
            {{"broker", endpoint_.to_string()}, {"reason", reason.to_string()}});
  last_failure_ = reason;
  const bool was_ready = state_ == State::kReady;
  drop_connection();
  auto in_flight = std::move(in_flight_);
  auto waiting = std::move(waiting_);
  in_flight_.clear();
  waiting_.clear();
  const Millis delay = next_delay(config_.reconnect_backoff, failures_++, random_);
  state_ = State::kBackingOff;
  loop_.cancel(std::exchange(backoff_timer_, 0));
  if (was_ready && in_flight.empty() && waiting.empty()) {
    state_ = State::kIdle;
    failures_ = 0;
  } else {
    backoff_timer_ = loop_.call_after(delay, life_.guard([this] {
      backoff_timer_ = 0;
      state_ = State::kIdle;
      if (!waiting_.empty()) connect();
    }));
  }
  const Error error =
      reason.code == ErrorCode::kTimeout || reason.code == ErrorCode::kUnsupported
          ? reason
          : Error{ErrorCode::kClosed,
                  fmt::format("broker {}: {}", endpoint_.to_string(), reason.message)};
  for (auto& [id, call] : in_flight) call.done(error);
  for (Waiting& each : waiting) each.call.done(error);
}

void BrokerChannel::arm_timer() {
  std::optional<MonotonicTime> earliest;
  const auto consider = [&](MonotonicTime at) {
    if (!earliest || at < *earliest) earliest = at;
  };
  for (const auto& [id, call] : in_flight_) consider(call.deadline);
  for (const Waiting& each : waiting_) consider(each.deadline);
  const bool can_idle = state_ == State::kReady && config_.connections_max_idle.count() >= 0;
  if (can_idle && !earliest) consider(last_used_ + config_.connections_max_idle);
  if (!earliest || (timer_ != 0 && timer_at_ <= *earliest)) return;
  loop_.cancel(timer_);
  timer_at_ = *earliest;
  const auto delay = std::chrono::ceil<Millis>(*earliest - loop_.now());
  timer_ = loop_.call_after(std::max(delay, Millis{0}), life_.guard([this] { on_timer(); }));
}

void BrokerChannel::on_timer() {
  timer_ = 0;
  const MonotonicTime now = loop_.now();
  const Lifetime::Watch watch = life_.watch();
  for (const auto& [id, call] : in_flight_) {
    if (call.deadline > now) continue;
    PROBE("client: a broker did not answer in time");
    fail_connection(Error{ErrorCode::kTimeout,
                          fmt::format("broker {} did not answer {} in time", endpoint_.to_string(),
                                      wire::api_key_name(call.api))});
    if (!watch.is_over()) arm_timer();
    return;
  }
  std::vector<Call> late;
  for (auto each = waiting_.begin(); each != waiting_.end();) {
    if (each->deadline > now) {
      ++each;
      continue;
    }
    late.push_back(std::move(each->call));
    each = waiting_.erase(each);
  }
  for (Call& call : late) {
    call.done(Error{ErrorCode::kTimeout,
                    fmt::format("broker {} could not be reached in time", endpoint_.to_string())});
    if (watch.is_over()) return;
  }
  const bool is_unused = in_flight_.empty() && waiting_.empty() && state_ == State::kReady;
  if (is_unused && config_.connections_max_idle.count() >= 0 &&
      now - last_used_ >= config_.connections_max_idle) {
    drop_connection();
    state_ = State::kIdle;
    return;
  }
  arm_timer();
}

}  // namespace millrace::client
