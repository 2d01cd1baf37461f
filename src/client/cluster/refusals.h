// Refusals: errors that may pass, of questions that are asked again and again. Who waits for an
// answer without knowing why takes the client for hung.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/lifetime.h"
#include "base/result.h"
#include "client/broker_outage.h"
#include "io/event_loop.h"

namespace millrace::client {

/// A question is told of once, when nothing but errors has come for a second and a half, and once
/// more when it is answered.
/// thread  the loop's
class Refusals {
 public:
  explicit Refusals(io::EventLoop& loop) : loop_(loop) {}
  ~Refusals();
  Refusals(const Refusals&) = delete;
  Refusals& operator=(const Refusals&) = delete;

  void set_listener(OutageListener listener) { listener_ = std::move(listener); }

  /// A broker answered `question` with `error`, and will be asked again.
  void refused(std::string_view question, const Error& error);
  enum class End { kAnswered, kGivenUp };
  /// `question` is not asked again.      cost  nothing while nobody refuses anything
  void over(std::string_view question, End end);
  /// Whether over() has nothing to do, whatever the question: for who would have to put it in words
  /// first.
  bool empty() const { return refused_.empty(); }

 private:
  struct Refused {
    std::string answer;  // the last one
    io::TimerId timer = 0;
    bool is_told = false;
  };

  void tell_of(const std::string& question);
  void tell(const std::function<void(const Refusal&)>& listener, const Refusal& refusal) const;

  io::EventLoop& loop_;
  OutageListener listener_;
  std::map<std::string, Refused, std::less<>> refused_;
  Lifetime life_;
};

}  // namespace millrace::client
