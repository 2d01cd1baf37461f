// Produce and Fetch as clients with a quota meet them: counted, and held up beyond it.
//   The answer goes out at once and says how long its client should be still (throttle_time_ms);
//   for as long nothing more is read of its connection, whether it heeds that or not. Further
//   connections of who owes something are held up before they are given more.
//   source  KIP-219
#pragma once

#include "broker/handlers/messages.h"
#include "broker/session/request_context.h"
#include "broker/session/responder.h"

namespace millrace::broker {

struct BrokerState;

void handle_throttled_produce(wire::ProduceRequest request, RequestContext context,
                              BrokerState& state, Responder<wire::ProduceResponse> reply);
void handle_throttled_fetch(wire::FetchRequest request, RequestContext context, BrokerState& state,
                            Responder<wire::FetchResponse> reply);

}  // namespace millrace::broker
