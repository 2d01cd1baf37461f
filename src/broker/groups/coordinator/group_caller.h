// From a request's context to what the groups want to know of who asks.
#pragma once

#include <memory>
#include <utility>
#include <variant>

#include "broker/groups/coordinator/group_types.h"
#include "broker/session/request_context.h"
#include "broker/session/responder.h"

namespace millrace::broker {

GroupCaller group_caller(const RequestContext& context);

/// A responder that lets `change` work on the response before it goes to `reply`.
template <class Response, class Change>
Responder<Response> with_changed_response(Responder<Response> reply, Change change) {
  // Shared, because a std::function must be copyable.
  auto inner = std::make_shared<Responder<Response>>(std::move(reply));
  return Responder<Response>(
      [inner = std::move(inner), change = std::move(change)](Outcome<Response> outcome) {
        if (auto* const answer = std::get_if<Answer<Response>>(&outcome)) {
          inner->send(change(std::move(answer->response)), std::move(answer->files));
        } else if (auto* const close = std::get_if<CloseConnection>(&outcome)) {
          inner->close_connection(std::move(close->reason));
        } else {
          inner->send_nothing();
        }
      });
}

}  // namespace millrace::broker
