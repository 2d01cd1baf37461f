// Responder: the one answer that a request is owed. A handler answers at once, or keeps the
// responder and answers later, from any thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/check.h"
#include "io/connection.h"

namespace millrace::broker {

/// A response, and the bytes on disk that belong into its records fields, in the order in which
/// they appear.
template <class Response>
struct Answer {
  Response response;
  std::vector<io::FileSlice> files;
};

/// The client expects no reply (Produce with acks=0); the next request may be read.
struct NoReply {};

/// Kafka's way to say what no response can: the connection ends.
struct CloseConnection {
  std::string reason;
};

template <class Response>
using Outcome = std::variant<Answer<Response>, NoReply, CloseConnection>;

/// Move-only; takes exactly one outcome. When it is destroyed without one, the connection closes,
/// so that a forgotten request is seen and not waited for.
/// thread  any; the connection's own loop sends what comes out
template <class Response>
class Responder {
 public:
  using Sink = std::function<void(Outcome<Response>)>;

  explicit Responder(Sink sink) : sink_(std::move(sink)) {}
  Responder(Responder&& other) noexcept : sink_(std::exchange(other.sink_, nullptr)) {}
  Responder& operator=(Responder&& other) noexcept {
    std::swap(sink_, other.sink_);
    return *this;
  }
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;
  ~Responder() {
    if (sink_) finish(CloseConnection{"the request was dropped unanswered"});
  }

  /// Whether the answer is still owed.
  bool is_pending() const { return sink_ != nullptr; }

  void send(Response response, std::vector<io::FileSlice> files = {}) {
    finish(Answer<Response>{std::move(response), std::move(files)});
  }
  void send_nothing() { finish(NoReply{}); }
  void close_connection(std::string reason) { finish(CloseConnection{std::move(reason)}); }

 private:
  void finish(Outcome<Response> outcome) {
    CHECK(sink_ != nullptr, "a request is answered once");
    std::exchange(sink_, nullptr)(std::move(outcome));
  }

  Sink sink_;
};

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
