// HandlerTable: from an API key to the function that handles it: decode, ask the gate, call,
// encode.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/byte_reader.h"
#include "base/result.h"
#include "broker/access/gates.h"
#include "broker/broker_state.h"
#include "broker/nodes/nodes.h"
#include "broker/session/reply_bytes.h"
#include "broker/session/request_context.h"
#include "broker/session/responder.h"
#include "wire/api_key.h"
#include "wire/frame.h"

namespace millrace::broker {

/// What leaves for the connection.
using Delivery = std::variant<io::Chunks, NoReply, CloseConnection>;

/// Where the answer to one request goes. Called exactly once, from any thread.
struct ReplyRoute {
  std::int32_t correlation_id = 0;
  std::function<void(Delivery)> deliver;
};

class HandlerTable {
 public:
  /// Decodes the body, which lies in the context's frame, and hands both to the handler.
  /// errors  the body does not decode; nothing was done
  using Dispatch = std::function<Status(ByteReader& body, RequestContext context,
                                        BrokerState& state, ReplyRoute route)>;
  struct Entry {
    wire::VersionRange advertised;  // what ApiVersions says
    wire::VersionRange served;      // what is answered; the rest closes the connection
    std::vector<Ask> asks;          // what its gate may ask of the authorizer
    Dispatch dispatch;
  };

  /// What the node that is asked must coordinate; requests about what it does not are answered
  /// NOT_COORDINATOR.
  enum class Coordinated : std::uint8_t { kNothing, kGroups, kTransactions };

  /// A handler that may answer later, and may keep the request till then.
  /// asks  what the gate before it may ask of the authorizer
  template <class Request, class Response>
  void add(void (*handle)(Request, RequestContext, BrokerState&, Responder<Response>),
           std::vector<Ask> asks, Coordinated coordinated = Coordinated::kNothing) {
    add_gated<Request, Response>(std::move(asks), coordinated, handle);
  }
  /// A handler that answers at once.
  template <class Request, class Response>
  void add(Response (*handle)(Request, const RequestContext&, BrokerState&),
           std::vector<Ask> asks) {
    add_gated<Request, Response>(std::move(asks), Coordinated::kNothing,
                                 [handle](Request request, const RequestContext& context,
                                          BrokerState& state, Responder<Response> reply) {
                                   reply.send(handle(std::move(request), context, state));
                                 });
  }

  /// Null when no handler was added.
  const Entry* find(wire::ApiKey key) const {
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : &found->second;
  }
  const std::map<wire::ApiKey, Entry>& entries() const { return entries_; }

 private:
  template <class Request, class Response, class Handle>
  void add_gated(std::vector<Ask> asks, Coordinated coordinated, Handle handle) {
    add_dispatch(Request::kApiKey, asks,
                 [handle, asks, coordinated](ByteReader& body, RequestContext context,
                                             BrokerState& state, ReplyRoute route) -> Status {
                   auto request = wire::decode_body<Request>(body, context.api_version);
                   if (!request.ok()) return std::move(request).error();
                   auto reply = make_responder<Response>(context.api_version, std::move(route));
                   for (const Authorizer* const authorizer :
                        {state.authorizer, of_node(coordinated, state)}) {
                     if (authorizer == nullptr || authorizer->allows_everything()) continue;
                     const Permit permit(asks, *authorizer, state.topics, context.connection,
                                         context.api_version);
                     auto verdict = gate(*request, permit);
                     if (verdict.refusal) {
                       reply.send(*std::move(verdict.refusal));
                       return {};
                     }
                     if (verdict.amend) reply = amended(std::move(reply), std::move(verdict.amend));
                   }
                   handle(std::move(request).value(), std::move(context), state, std::move(reply));
                   return {};
                 });
  }
  /// Null when the node need not be asked, as always on a single one.
  static const Authorizer* of_node(Coordinated coordinated, const BrokerState& state) {
    if (coordinated == Coordinated::kNothing || !state.nodes.are_many()) return nullptr;
    return coordinated == Coordinated::kGroups ? state.groups_here : state.transactions_here;
  }
  /// Serves what the API table advertises and the messages describe.
  void add_dispatch(wire::ApiKey key, std::vector<Ask> asks, Dispatch dispatch);

  /// A client that expects no reply hears that it was refused by the end of its connection.
  template <class Response>
  static Responder<Response> amended(Responder<Response> reply,
                                     std::function<void(Response&)> amend) {
    // Shared, because a std::function must be copyable.
    auto inner = std::make_shared<Responder<Response>>(std::move(reply));
    return Responder<Response>([inner, amend = std::move(amend)](Outcome<Response> outcome) {
      if (auto* const answer = std::get_if<Answer<Response>>(&outcome)) {
        amend(answer->response);
        inner->send(std::move(answer->response), std::move(answer->files));
      } else if (auto* const close = std::get_if<CloseConnection>(&outcome)) {
        inner->close_connection(std::move(close->reason));
      } else {
        inner->close_connection("a request without a reply was refused");
      }
    });
  }

  template <class Response>
  static Responder<Response> make_responder(std::int16_t version, ReplyRoute route) {
    return Responder<Response>([version, route = std::move(route)](Outcome<Response> outcome) {
      if (auto* const answer = std::get_if<Answer<Response>>(&outcome)) {
        auto encoded = wire::encode_response(Response::kApiKey, version, route.correlation_id,
                                             answer->response);
        if (encoded.ok())
          route.deliver(reply_bytes(std::move(encoded).value(), std::move(answer->files)));
        else
          route.deliver(CloseConnection{encoded.error().to_string()});
      } else if (auto* const close = std::get_if<CloseConnection>(&outcome)) {
        route.deliver(std::move(*close));
      } else {
        route.deliver(NoReply{});
      }
    });
  }

  std::map<wire::ApiKey, Entry> entries_;
};

/// All handlers of the broker.
HandlerTable make_handler_table();

}  // namespace millrace::broker
