// BrokerFetchSession: what a broker knows of what a consumer fetches from it over one lane, so that
// a request need name only what has changed (KIP-227). Pure.
#pragma once

#include <cstddef>
#include <memory>

#include "client/consumer/fetch_plan.h"
#include "wire/messages/fetch.h"

namespace millrace::client {

/// Invariants
///   One fetch of a session is under way at a time; its end is told once, by on_answer() or
///   on_failed().
///   Whenever it is not sure what the broker knows, the next fetch names everything, and ends the
///   session that the broker may still have.
class BrokerFetchSession {
 public:
  /// What to send for the broker to read all of `wanted`.
  FetchPlan begin(std::shared_ptr<const FetchPlan> wanted);
  void on_answer(const wire::FetchResponse& answer);
  /// No answer came, or none that could be read.
  void on_failed();

  bool is_under_way() const { return is_under_way_; }
  /// How many partitions the last fetch read.
  std::size_t size() const { return last_ == nullptr ? 0 : last_->parts.size(); }
  /// Whether the broker has a session, as far as is known.
  bool is_open() const { return id_ != 0; }
  /// What ends it.
  FetchPlan ending() const;

 private:
  bool has_other_ids(const FetchPlan& wanted) const;
  void name_changes(const FetchPlan& wanted, FetchPlan& sent) const;

  std::int32_t id_ = 0;     // 0: the broker has none
  std::int32_t epoch_ = 0;  // of the next fetch; 0 names everything
  std::shared_ptr<const FetchPlan> last_;
  bool is_under_way_ = false;
};

}  // namespace millrace::client
