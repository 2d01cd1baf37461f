#include "broker/handlers/throttling.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "broker/handlers/handlers.h"
#include "broker/quotas/client_quota_rates.h"
#include "broker/topics/settings_catalogue.h"
#include "wire/messages/fetch.h"
#include "wire/messages/produce.h"

namespace millrace::broker {

namespace {

/// Who is counted, for as long as a request of his is under way.
struct CountedClient {
  CountedClient(const RequestContext& context, BrokerState& of)
      : state(of),
        user(context.connection->principal.name),
        client_id(context.client_id.value_or("")),
        owner(context.owner),
        loop(context.loop) {}

  Millis take(QuotaKind kind, std::size_t bytes) const {
    return state.quotas.take(state.settings.settings()->set.quotas, kind, user, client_id, bytes,
                             loop->now());
  }
  /// thread  the loop's
  void mute(Millis time) const {
    if (time <= Millis{0}) return;
    if (const auto session = owner.lock()) session->mute(time);
  }

  BrokerState& state;
  const std::string user;
  const std::string client_id;
  const std::weak_ptr<RequestOwner> owner;
  io::EventLoop* const loop;
};

bool has_quotas(const BrokerState& state) {
  return !state.settings.settings()->set.quotas.empty();
}

std::int32_t throttle_time(Millis time) {
  return static_cast<std::int32_t>(std::min<std::int64_t>(time.count(), INT32_MAX));
}

std::size_t bytes_of(const Outcome<wire::FetchResponse>& outcome) {
  const auto* const answer = std::get_if<Answer<wire::FetchResponse>>(&outcome);
  std::size_t bytes = 0;
  if (answer == nullptr) return bytes;
  for (const auto& file : answer->files) bytes += static_cast<std::size_t>(file.size_bytes);
  return bytes;
}

/// Counts what leaves. A fetch is answered on its connection's loop.
Responder<wire::FetchResponse> counted(Responder<wire::FetchResponse> reply,
                                       std::shared_ptr<const CountedClient> client) {
  auto inner = std::make_shared<Responder<wire::FetchResponse>>(std::move(reply));
  return Responder<wire::FetchResponse>([inner, client](Outcome<wire::FetchResponse> outcome) {
    auto* const answer = std::get_if<Answer<wire::FetchResponse>>(&outcome);
    if (answer == nullptr) return inner->close_connection("the fetch was dropped unanswered");
    const Millis wait = client->take(QuotaKind::kFetch, bytes_of(outcome));
    answer->response.throttle_time_ms = throttle_time(wait);
    client->mute(wait);
    inner->send(std::move(answer->response), std::move(answer->files));
  });
}

/// A fetch of who was given more than his share before, until he may have more.
struct HeldUpFetch {
  wire::FetchRequest request;
  RequestContext context;
  Responder<wire::FetchResponse> reply;
};

void hold_up(wire::FetchRequest request, RequestContext context, BrokerState& state,
             Responder<wire::FetchResponse> reply, Millis wait) {
  const auto held = std::make_shared<HeldUpFetch>(
      HeldUpFetch{std::move(request), std::move(context), std::move(reply)});
  io::EventLoop& loop = *held->context.loop;
  const auto timer = loop.call_after(wait, [held, &state] {
    handle_fetch(std::move(held->request), std::move(held->context), state, std::move(held->reply));
  });
  held->context.when_abandoned([&loop, timer] { loop.cancel(timer); });
}

}  // namespace

void handle_throttled_produce(wire::ProduceRequest request, RequestContext context,
                              BrokerState& state, Responder<wire::ProduceResponse> reply) {
  if (!has_quotas(state))
    return handle_produce(std::move(request), std::move(context), state, std::move(reply));
  const CountedClient client(context, state);
  const Millis wait = client.take(QuotaKind::kProduce, context.frame.size());
  if (wait > Millis{0}) {
    reply = with_changed_response(std::move(reply), [wait](wire::ProduceResponse response) {
      response.throttle_time_ms = throttle_time(wait);
      return response;
    });
    client.mute(wait);
  }
  handle_produce(std::move(request), std::move(context), state, std::move(reply));
}

void handle_throttled_fetch(wire::FetchRequest request, RequestContext context, BrokerState& state,
                            Responder<wire::FetchResponse> reply) {
  if (!has_quotas(state))
    return handle_fetch(std::move(request), std::move(context), state, std::move(reply));
  const auto client = std::make_shared<const CountedClient>(context, state);
  const auto largest = state.quotas.largest(state.settings.settings()->set.quotas,
                                            QuotaKind::kFetch, client->user, client->client_id);
  if (largest) request.max_bytes = std::min(request.max_bytes, static_cast<std::int32_t>(*largest));
  const Millis debt = client->take(QuotaKind::kFetch, 0);
  auto counting = counted(std::move(reply), client);
  if (debt > Millis{0})
    return hold_up(std::move(request), std::move(context), state, std::move(counting), debt);
  handle_fetch(std::move(request), std::move(context), state, std::move(counting));
}

}  // namespace millrace::broker
