// Admin::Core: what the calls of an admin client have in common: they ask a broker on the I/O
// thread and wait for what it says on the caller's. The calls themselves are in files by what they
// are about: admin_topics.cc, admin_groups.cc, admin_configs.cc, admin_cluster.cc,
// admin_transactions.cc.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/admin.h"
#include "client/cluster/backoff.h"
#include "client/cluster/cluster.h"
#include "client/cluster/loop_thread.h"
#include "io/lent_env.h"
#include "wire/error_codes.h"
#include "wire/messages/metadata.h"

namespace millrace::client {

/// What a broker answered about one thing.
/// context  what it was asked: "delete topic orders"
/// message  what the broker said besides the code, if anything
Error admin_error(std::int16_t code, std::string_view context,
                  const std::optional<std::string>& message = std::nullopt);
/// admin_error(), or no error for the code 0.
Result<void> admin_outcome(std::int16_t code, std::string_view context,
                           const std::optional<std::string>& message = std::nullopt);

/// Why a broker did not do any of what it was asked for, when that was for the controller.
template <class Answers>
wire::KafkaError found_no_controller(const Answers& answers) {
  for (const auto& each : answers) {
    const auto code = static_cast<wire::KafkaError>(each.error_code);
    if (wire::error_class(code) == wire::ErrorClass::kFindController) return code;
  }
  return wire::KafkaError::kNone;
}

/// Invariants:
/// - cluster_ is made, used and destroyed on the loop, and is gone before thread_ stops.
/// - At most one call of the application waits. end_waiting_ ends it, and is empty while none does:
///   an answer that comes after its call was given up changes nothing of the next one.
/// - A wakeup() ends exactly one call, which may be one that comes later: is_woken_ remembers it.
/// thread  the caller's, but for what is said to be on the loop
class Admin::Core {
 public:
  Core(AdminConfig config, io::LentEnv env);
  ~Core();

  MonotonicTime now() { return thread_.loop().now(); }
  MonotonicTime deadline() { return now() + config_.api_timeout; }

  /// Runs `start` on the loop and waits until it calls what it is given, or for wakeup().
  template <class T, class Start>
  Result<T> await(Start&& start) {
    return thread_.await<Result<T>>([&](Done<T> done) {
      if (std::exchange(is_woken_, false)) return done(woken());
      const std::uint64_t call = ++calls_;
      end_waiting_ = [done] { done(woken()); };
      start([this, call, done](Result<T> outcome) {
        if (call == calls_) end_waiting_ = nullptr;
        done(std::move(outcome));
      });
    });
  }
  void wakeup();

  /// Asks and waits. error_in  the error, if any, for which the whole call is to be tried again
  template <class Request, class Response>
  Result<Response> ask(
      Target target, Request request,
      std::function<wire::KafkaError(const Response&)> error_in = [](const Response&) {
        return wire::KafkaError::kNone;
      }) {
    return await<Response>([&](Done<Response> done) {
      cluster_->call_until<Request, Response>(target, request, deadline(), error_in,
                                              std::move(done));
    });
  }

  /// Asks one broker, once, and waits.
  template <class Request, class Response>
  Result<Response> ask_once(BrokerId broker, Request request, MonotonicTime until) {
    const auto left = std::chrono::ceil<Millis>(until - now());
    const Millis timeout = std::clamp(left, Millis{1}, config_.connection.request_timeout);
    return await<Response>([&](Done<Response> done) {
      cluster_->call<Request, Response>(broker, Lane::kMain, std::move(request), timeout,
                                        std::move(done));
    });
  }
  /// Between two tries; not beyond `until`.
  Status back_off(int attempt, MonotonicTime until);

  Result<wire::MetadataResponse> metadata(const std::optional<std::vector<std::string>>& topics);

  /// Brokers by id, so that each can be asked.
  Result<std::vector<BrokerId>> broker_ids();

  template <class Response>
  using ByBroker = std::vector<std::pair<BrokerId, Response>>;

  /// Asks every broker, one after another, until all have answered in one round. One that does not
  /// answer may have left, and what it knew be elsewhere: then it takes a new look at who is there,
  /// and asks all of them.
  /// what  is asked for, for errors: "groups"
  template <class Request, class Response>
  Result<ByBroker<Response>> ask_every_broker(const Request& request, std::string_view what) {
    const MonotonicTime until = deadline();
    auto answers = ask_every_broker_once<Request, Response>(request, what, until);
    for (int attempt = 0; !answers.ok(); ++attempt) {
      if (!wire::is_retriable(answers.error()) || now() >= until) return answers;
      if (auto waited = back_off(attempt, until); !waited.ok()) return waited.error();
      auto next = ask_every_broker_once<Request, Response>(request, what, until);
      // A round that the deadline cuts short says nothing of the broker that it was at.
      const bool was_cut_short = !next.ok() && next.error().code == ErrorCode::kTimeout;
      if (was_cut_short && now() >= until) return answers;
      answers = std::move(next);
    }
    return answers;
  }

  /// The one that was asked a moment ago, and so known: this is not what wakeup() ends.
  Result<BrokerId> coordinator(const CoordinatorKey& key);

  const io::LentEnv env_;
  const AdminConfig config_;
  std::unique_ptr<Cluster> cluster_;  // on the loop, like what follows
  std::uint64_t calls_ = 0;
  std::function<void()> end_waiting_;
  bool is_woken_ = false;
  LoopThread thread_;

 private:
  static Error woken() { return {ErrorCode::kCancelled, "wakeup() was called"}; }

  template <class Request, class Response>
  Result<ByBroker<Response>> ask_every_broker_once(const Request& request, std::string_view what,
                                                   MonotonicTime until) {
    const auto brokers = broker_ids();
    if (!brokers.ok()) return brokers.error();
    ByBroker<Response> answers;
    for (const BrokerId broker : *brokers) {
      auto answer = ask_once<Request, Response>(broker, request, until);
      const std::string context = fmt::format("list the {} of broker {}", what, broker.value());
      if (!answer.ok()) return std::move(answer).error().with_context(context);
      if (answer->error_code != 0) return admin_error(answer->error_code, context);
      answers.emplace_back(broker, std::move(answer).value());
    }
    return answers;
  }
};

}  // namespace millrace::client
