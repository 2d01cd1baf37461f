#include "broker/session/session.h"

#include <fmt/format.h>

#include <utility>

#include "base/fault_point.h"
#include "base/log.h"
#include "base/probe.h"
#include "broker/handlers/handlers.h"
#include "broker/session/request_counters.h"

namespace millrace::broker {

namespace {

/// The part of a header that is the same in every version: key, version, correlation id.
struct FixedHeader {
  wire::ApiKey key;
  std::int16_t version;
  std::int32_t correlation_id;
};

Result<FixedHeader> peek_header(std::string_view frame) {
  ByteReader reader(frame);
  FixedHeader header{};
  header.key = static_cast<wire::ApiKey>(reader.i16());
  header.version = reader.i16();
  header.correlation_id = reader.i32();
  if (auto status = reader.status(); !status.ok()) return std::move(status).error();
  return header;
}

}  // namespace

Session::Session(std::unique_ptr<io::Connection> connection, SessionHost& host, BrokerId node)
    : connection_(std::move(connection)),
      state_(std::make_shared<ConnectionState>(ConnectionState{
          .node = node, .local = connection_->local(), .peer = connection_->peer()})),
      host_(host),
      last_active_(host.loop.now()) {}

void Session::start(std::function<void()> on_closed) {
  on_closed_ = std::move(on_closed);
  port_ = std::make_shared<ReplyPort>(host_.loop, weak_from_this());
  arm_idle_timer(host_.state.config.connections_max_idle);
  const std::weak_ptr<Session> weak = weak_from_this();
  connection_->start(
      {.on_frame =
           [weak](Buffer frame) {
             if (const auto self = weak.lock()) self->on_frame(std::move(frame));
           },
       .on_closed =
           [weak](const Error& reason) {
             const auto self = weak.lock();
             if (self == nullptr) return;
             // A peer that leaves is no news; one that sent an impossible frame is.
             if (reason.code == ErrorCode::kTooLarge || reason.code == ErrorCode::kCorrupt)
               self->complain(reason.to_string());
             self->ended();
           }},
      host_.state.config.request_bytes_max);
}

void Session::stop() {
  abandon_requests();
  connection_->close_after_flush();
}

void Session::on_frame(Buffer frame) {
  if (has_failed_) return;
  last_active_ = host_.loop.now();
  const std::uint64_t request = first_in_flight_ + in_flight_.size();
  dispatch(request, std::move(frame));
  update_reading();
}

void Session::dispatch(std::uint64_t request, Buffer frame) {
  const auto fixed = peek_header(frame.view());
  if (!fixed.ok()) return fail(fixed.error().to_string());
  in_flight_.push_back({.key = fixed->key, .reply = std::nullopt});

  const HandlerTable::Entry* const entry = host_.handlers.find(fixed->key);
  if (entry == nullptr)
    return fail(fmt::format("unknown API key {}", static_cast<int>(fixed->key)));
  if (!entry->served.contains(fixed->version)) {
    if (fixed->key == wire::ApiKey::kApiVersions)
      return complete(request, unsupported_api_versions(fixed->correlation_id, host_.handlers));
    return fail(fmt::format("{} version {} is not served, only {} to {}",
                            wire::api_key_name(fixed->key), fixed->version, entry->served.min,
                            entry->served.max));
  }

  ByteReader reader(frame.view());
  auto header = wire::decode_request_header(reader);
  if (!header.ok()) return fail(header.error().to_string());
  RequestContext context{.api_version = fixed->version,
                         .client_id = std::move(header->client_id),
                         .node = state_->node,
                         .connection = state_,
                         .wall = host_.clock.wall(),
                         .now = last_active_,
                         .loop = &host_.loop,
                         .frame = std::move(frame),  // its bytes stay where the reader found them
                         .owner = weak_from_this(),
                         .number = request};
  host_.state.requests->count(fixed->key, fixed->version);
  const auto port = port_;
  const Status status = entry->dispatch(reader, std::move(context), host_.state,
                                        {fixed->correlation_id, [port, request](Delivery delivery) {
                                           port->deliver(request, std::move(delivery));
                                         }});
  if (!status.ok())
    fail(fmt::format("{} version {}: {}", wire::api_key_name(fixed->key), fixed->version,
                     status.error().to_string()));
}

void Session::ReplyPort::deliver(std::uint64_t request, Delivery delivery) {
  if (is_closed.load()) return;
  if (loop.is_loop_thread()) {
    if (const auto self = session.lock()) self->complete(request, std::move(delivery));
    return;
  }
  // Shared because a task must be copyable and a delivery is not.
  loop.post([weak = session, request, shared = std::make_shared<Delivery>(std::move(delivery))] {
    if (const auto self = weak.lock()) self->complete(request, std::move(*shared));
  });
}

void Session::complete(std::uint64_t request, Delivery delivery) {
  if (has_failed_ || port_->is_closed.load()) return;
  if (FAULT_POINT("a connection breaks before its answer leaves")) {
    return fail("it broke before an answer left");
  }
  last_active_ = host_.loop.now();
  in_flight(request).reply = std::move(delivery);
  in_flight(request).drop = nullptr;
  send_replies();
  update_reading();
}

void Session::send_replies() {
  while (!in_flight_.empty() && in_flight_.front().reply.has_value() && !has_failed_) {
    Delivery delivery = std::move(*in_flight_.front().reply);
    in_flight_.pop_front();
    ++first_in_flight_;
    if (auto* const chunks = std::get_if<io::Chunks>(&delivery)) send(std::move(*chunks));
    if (const auto* const close = std::get_if<CloseConnection>(&delivery)) fail(close->reason);
  }
}

bool Session::may_read_next() const {
  if (is_draining_ || mute_timer_ != 0) return false;
  return in_flight_.empty() ||
         (in_flight_.size() < kFlushingMax && in_flight_.back().key == wire::ApiKey::kProduce &&
          !in_flight_.back().is_held);
}

void Session::send(io::Chunks chunks) {
  connection_->send(std::move(chunks));
  if (is_draining_ || connection_->unsent_bytes() <= kUnsentBytesMax) return;
  is_draining_ = true;
  connection_->when_unsent_below(kUnsentBytesMax / 2, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->is_draining_ = false;
    self->update_reading();
  });
}

void Session::when_abandoned(std::uint64_t request, std::function<void()> drop) {
  if (port_->is_closed.load()) return host_.loop.post(std::move(drop));
  const bool is_owed = request >= first_in_flight_ && !in_flight(request).reply.has_value();
  if (is_owed) in_flight(request).drop = std::move(drop);
}

std::function<void()> Session::hold_next(std::uint64_t request) {
  in_flight(request).is_held = true;
  return [weak = weak_from_this(), port = port_, request] {
    const auto release = [weak, request] {
      const auto self = weak.lock();
      if (self == nullptr || request < self->first_in_flight_) return;
      self->in_flight(request).is_held = false;
      self->update_reading();
    };
    if (port->is_closed.load()) return;
    if (port->loop.is_loop_thread()) return release();
    port->loop.post(release);
  };
}

void Session::mute(Millis time) {
  const MonotonicTime until = host_.loop.now() + time;
  if (has_failed_ || port_->is_closed.load() || until <= muted_until_) return;
  muted_until_ = until;
  host_.loop.cancel(std::exchange(mute_timer_, 0));
  mute_timer_ = host_.loop.call_after(time, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->mute_timer_ = 0;
    self->last_active_ = self->host_.loop.now();  // it was not the peer that was silent
    self->update_reading();
  });
  update_reading();
}

/// No reply leaves from now on, so nobody need prepare one.
void Session::abandon_requests() {
  port_->is_closed.store(true);
  for (InFlight& request : in_flight_) {
    if (!request.reply) PROBE("broker: a connection ended while an answer was owed");
    if (const auto drop = std::exchange(request.drop, nullptr)) drop();
  }
}

void Session::fail(std::string_view reason) {
  if (std::exchange(has_failed_, true)) return;
  complain(reason);
  abandon_requests();
  connection_->close_after_flush();
}

void Session::complain(std::string_view reason) {
  const auto kept_back = host_.complaints.admit(host_.loop.now());
  if (!kept_back) return;
  LOG_WARN("closed connection", {{"peer", connection_->peer().to_string()},
                                 {"reason", std::string(reason)},
                                 {"kept_back", std::to_string(*kept_back)}});
}

void Session::ended() {
  abandon_requests();
  host_.loop.cancel(std::exchange(idle_timer_, 0));
  host_.loop.cancel(std::exchange(mute_timer_, 0));
  if (auto on_closed = std::exchange(on_closed_, nullptr)) on_closed();
}

void Session::update_reading() {
  const bool may_read = may_read_next();
  if (has_failed_ || may_read == is_reading_) return;
  is_reading_ = may_read;
  if (may_read)
    connection_->resume_reading();
  else
    connection_->pause_reading();
}

void Session::arm_idle_timer(Millis delay) {
  idle_timer_ = host_.loop.call_after(delay, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->check_idle();
  });
}

void Session::check_idle() {
  idle_timer_ = 0;
  // Whoever takes replies, however slowly, is not idle.
  const std::size_t unsent = connection_->unsent_bytes();
  if (std::exchange(unsent_at_last_check_, unsent) != unsent) last_active_ = host_.loop.now();
  const Millis idle_max = host_.state.config.connections_max_idle;
  const auto idle = std::chrono::duration_cast<Millis>(host_.loop.now() - last_active_);
  if (idle < idle_max) return arm_idle_timer(idle_max - idle + Millis{1});
  // Also with requests in flight or replies unsent: a peer may be gone without a word, and neither
  // a poll of many days nor a reply that nobody takes may hold a connection for good.
  abandon_requests();
  if (in_flight_.empty() && unsent == 0) {
    connection_->close_after_flush();
  } else {
    connection_->close();
  }
}

}  // namespace millrace::broker
